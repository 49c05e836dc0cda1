/** What customers ask about sending things back and things that went wrong; the fields are explained in delivery.mjs. */
export const returns = [
  {
    name: 'return-window',
    answer: 'You can return any unused item within thirty days. Returns are free with the label in the box.',
    asked: [
      'How {long|many days} do I have to return {an item|a lamp|a chair|something}?',
      'What is your return {policy|period}?',
      'Can I {return|send back} {an item|a lamp|a rug} {after two weeks|after a week|after ten days}?',
      'Are returns {free|free of charge}?',
    ],
    askedElsewhere: ['Until when can I return a {chair|lamp}?', 'What are the rules for returns?'],
  },
  {
    name: 'start-return',
    answer: 'Open My Orders, choose Return an Item and print the label. Then drop the parcel at any post office.',
    asked: [
      'How do I {return|send back} {an item|a lamp|the chair|my order}?',
      'I {want|would like} to {return|send back} {an item|a lamp|the chair|my rug}.',
      'Where do I {get|print|find} the return label?',
      'How do I {start|make|begin} a return?',
    ],
    askedElsewhere: ['I do not like the lamp and want to send it back.', 'Please help me to start a return.'],
  },
  {
    name: 'refund-time',
    answer: 'Refunds reach your account five working days after the parcel comes back to our warehouse.',
    asked: [
      'When {will|do} I get my {money|refund}{| back}?',
      'How long does {a|the|my} refund take?',
      'Where is my refund?',
      'I {returned|sent back} {the chair|a lamp|my order} and {have no refund|still wait for my money}.',
    ],
    askedElsewhere: ['My refund is not here yet. How long must I wait?', 'How many days does a refund take?'],
  },
  {
    name: 'damaged-item',
    answer: 'I am sorry that it arrived broken. Send us two photos within a week and we will replace it for free.',
    asked: [
      'My {lamp|table|chair|vase|mirror} {arrived|came} {broken|damaged|with a crack}.',
      'The {lamp|table|mirror|glass} is {broken|damaged|cracked}.',
      'There is a {crack|scratch|hole} in {the table|my new mirror|the glass|the chair}.',
      'What {do I do|happens} when an item is {broken|damaged}?',
    ],
    askedElsewhere: ['I opened the box and the {vase|mirror} was broken.', 'My new table has a big scratch.'],
  },
  {
    name: 'wrong-item',
    answer: 'I am sorry for the mix-up. Keep the wrong item, and we will send the right one today.',
    asked: [
      'You sent {me |}{the wrong|a different} {item|lamp|chair|colour}.',
      'I {got|received} the wrong {item|lamp|chair|rug|colour}.',
      'I ordered a {lamp|chair|blue rug} and {got|received} a {table|vase|red rug}.',
      'This is not {what I ordered|the item that I ordered|the lamp that I bought}.',
    ],
    askedElsewhere: ['The box has a wrong {item|lamp} in it.', 'I ordered a mirror but received a chair.'],
  },
  {
    name: 'missing-parts',
    answer: 'Choose Missing Parts on the order page. We post spare screws and parts within two working days.',
    asked: [
      '{Some|Two|A few} {screws|parts} are missing.',
      'A {screw|leg|part|shelf} is missing{| from the box| from my table}.',
      'The {box|table|shelf} came without {screws|legs|all its parts}.',
      'Can you {send|post} me {a spare part|spare screws|a new screw}?',
    ],
    askedElsewhere: ['There are no screws in the box.', 'I need spare parts because one leg is missing.'],
  },
  {
    name: 'exchange',
    answer: 'You can exchange an item for another colour or size within thirty days. Choose Exchange in My Orders.',
    asked: [
      'Can I {exchange|swap} {it|my rug|the chair} for {another|a different} {colour|size}?',
      'I {want|need} {a bigger|a smaller|another|a different} {size|colour}.',
      'The {rug|lamp|table} is too {big|small|dark}. Can I {exchange|swap} it?',
      'How do {exchanges work|I exchange an item}?',
    ],
    askedElsewhere: ['May I swap the blue chair for a green one?', 'Is an exchange for another size possible?'],
  },
  {
    name: 'cancel-order',
    answer: 'You can cancel an order within one hour of paying. Open My Orders and press Cancel Order.',
    asked: [
      'How {can|do} I cancel {my|an|the} order?',
      'I {want|would like|need} to cancel {my order|an order|the order}.',
      'Please cancel my {order|last order|order for the lamp}.',
      'Is it too late to cancel{| my order| the order}?',
    ],
    askedElsewhere: ['I changed my mind. Can I cancel the order?', 'Can you cancel what I ordered today?'],
  },
  {
    name: 'return-sale-item',
    answer: 'Sale items can be returned within fourteen days for store credit only.',
    asked: [
      'Can I {return|send back} {sale items|an item from the sale|a sale item}?',
      'I bought {a lamp|a chair|it} in the sale. Can I {return|send back} it?',
      'Do you take back {sale items|items from the sale}?',
      'What about returns of {sale items|things from the sale|a sale item}?',
    ],
    askedElsewhere: ['Can something from the sale be returned?', 'May I return a rug that I bought in the sale?'],
  },
  {
    name: 'guarantee',
    answer: 'All furniture has a five year guarantee. Lamps and small items have a two year guarantee.',
    asked: [
      'How long is the {guarantee|warranty}{| on a lamp| on furniture| on a sofa}?',
      'Is there a {guarantee|warranty} on {furniture|lamps|a table|this chair}?',
      'Do {lamps|sofas|chairs|your tables} have a {guarantee|warranty}?',
      'My {chair|lamp|table} broke after {a year|two years}. Is there a {guarantee|warranty}?',
    ],
    askedElsewhere: ['What guarantee do I get with a {table|lamp}?', 'Does the warranty cover my {sofa|bed}?'],
  },
];
