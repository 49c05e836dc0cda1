/**
 * What people ask any shop. `label` names the topic, `asked` are wordings, `rules` are what some shop might answer: the numbers
 * are drawn anew for every shop, so the base model learns how such a rule reads and never which one is true.
 */
export const topics = [
  {
    label: 'delivery times',
    asked: [
      'How [long|many days] does [delivery|shipping|express delivery] take [to {town}|]?',
      'When will the {item} [arrive|come|be here]?',
      'How [fast|soon|quick] can you [send|deliver] {a:item}?',
    ],
    rules: [
      'Delivery takes {small} [working days|days].',
      'A parcel [arrives|comes|reaches you] after {small} days.',
      'Express delivery takes one day.',
    ],
  },
  {
    label: 'delivery costs',
    asked: [
      'What does [delivery|postage|shipping] cost?',
      'How much is [delivery|shipping|postage] to {town}?',
      'Do I pay for [delivery|postage]?',
    ],
    rules: [
      'Delivery costs {number} pounds.',
      'Delivery is free for orders over {number} pounds.',
      'Postage is {small} pounds for every parcel.',
    ],
  },
  {
    label: 'tracking',
    asked: [
      'Where is my {thing}?',
      'How do I track [parcel|order|package] {order}?',
      'Can you find my [parcel|order|package]?',
      'Where do I see the tracking number?',
    ],
    rules: [
      'The tracking number is in the message that we send on the day of dispatch.',
      'Parcels can be tracked on the {page}.',
    ],
  },
  {
    label: 'late parcels',
    asked: [
      'My [parcel|order|{item}] is late.',
      'The [parcel|order|{item}] did not come {time}.',
      'My delivery was due on {day} and is not here.',
      'The [order|parcel] is delayed.',
    ],
    rules: [
      'If a parcel is late by {small} days, we look for it.',
      'Customers whose parcel is late get {number} pounds back.',
    ],
  },
  {
    label: 'addresses',
    asked: [
      'I gave you the wrong [address|street|town].',
      'Can I change the address of order {order}?',
      'Please send the {item} to my new address in {town}.',
      'We moved to {town}, how do I correct the address?',
    ],
    rules: [
      'The address can be changed on the {page} until {hour} in the {part}.',
      'We send each parcel to the address that is on the invoice.',
    ],
  },
  {
    label: 'other countries',
    asked: [
      'Do you [deliver|ship|send things] to {country}?',
      'Can I order from {country}?',
      'Is delivery abroad possible?',
      'I live in {country}, can you send me a {item}?',
    ],
    rules: [
      'We deliver to {country} and {country2}.',
      'Parcels to other countries take {number} days.',
      'Shipping abroad costs {number} pounds.',
    ],
  },
  {
    label: 'collection',
    asked: [
      'Can I [collect|pick up] the {item} in {town}?',
      'I want to come to the shop and collect my order.',
      'How does collection work?',
      'For how long do you keep a parcel?',
    ],
    rules: [
      'Orders can be collected at the [shop|depot|warehouse] for {number} days.',
      'Bring your order number when you pick up a parcel.',
    ],
  },
  {
    label: 'time slots',
    asked: [
      'Can the driver come on {day} [morning|evening|afternoon]?',
      'At what hour does the driver come?',
      'May I choose a time slot?',
      'I am at work until {hour}, can you come later?',
    ],
    rules: [
      'The driver comes between {hour} and {hour2}.',
      'You can book a slot in the {part}.',
      'Large furniture comes on {day}.',
    ],
  },
  {
    label: 'missed deliveries',
    asked: [
      'I missed the driver {time}.',
      'Nobody was at home when the {item} came.',
      'The driver left a note at my door.',
      'I was out when the parcel came, will he come again?',
    ],
    rules: [
      'If you are out, the driver leaves a note and comes again after {small} days.',
      'Missed parcels go to the depot in {town}.',
    ],
  },
  {
    label: 'safe places',
    asked: [
      'Can you leave the parcel [in the garden|at the back door|with my {family}|in the garage]?',
      'Could my neighbour take the {item}?',
      'Please put the box behind the [door|house|fence].',
    ],
    rules: ['Drivers may leave a box with a neighbour.', 'Write a safe place for the parcel into the notes.'],
  },
  {
    label: 'payment',
    asked: [
      'How can I pay?',
      'Do you take [cash|cards|credit cards|cheques|a cheque|debit cards]?',
      'Which [cards|payments|ways to pay] do you accept?',
      'May I pay by [bank transfer|card|phone]?',
    ],
    rules: [
      'Customers pay by [card|bank transfer|cheque|cash].',
      'We take [credit|debit|gift] cards and [cash|cheques].',
    ],
  },
  {
    label: 'instalments',
    asked: [
      'Can I pay for the {item} month by month?',
      'Do you have instalments?',
      'I cannot pay everything at once.',
      'May I split the price into {small} parts?',
      'Is there a payment plan?',
    ],
    rules: ['A {item} can be paid in {small} instalments.', 'Monthly payments cost {percent} percent interest.'],
  },
  {
    label: 'declined cards',
    asked: [
      'My card [was declined|was refused|fails|was rejected].',
      'Why does the payment fail?',
      'The checkout does not accept my [card|credit card].',
      'The shop rejects my payment.',
    ],
    rules: ['A card is refused when its date has expired.', 'If a payment fails {small} times, we cancel the order.'],
  },
  {
    label: 'charges',
    asked: [
      'You charged me twice.',
      'There are two payments for one {item}.',
      'I was billed {small} times.',
      'I see a charge that I do not know.',
      'You took too much money.',
    ],
    rules: ['Each charge is shown on the {page}.', 'A wrong charge is paid back in {number} days.'],
  },
  {
    label: 'invoices',
    asked: [
      'I need [an invoice|a receipt|a bill] for the {item}.',
      'Where is the invoice of order {order}?',
      'Can I print a receipt?',
      'My company wants [a bill|an invoice].',
    ],
    rules: ['The invoice is in the box with the {item}.', 'Receipts are sent by email on the day of the order.'],
  },
  {
    label: 'discount codes',
    asked: [
      'My [code|voucher|discount code] does not work.',
      'Where can I [enter|use|type] a [voucher|discount code]?',
      'I have two vouchers.',
      'What do I do with this code?',
    ],
    rules: [
      'Vouchers give {percent} percent off.',
      'A code is valid for {number} days.',
      'Discount codes cannot be used for {s:item}.',
    ],
  },
  {
    label: 'gift cards',
    asked: [
      'How much is on my gift card?',
      'When does a gift card [expire|end|run out]?',
      'Is this gift card still valid?',
      'I want to buy a gift card for my {family}.',
      'What is the balance of the card?',
    ],
    rules: [
      'Gift cards can be bought for {number} pounds.',
      'A gift card expires after {number} months.',
      'The balance of a gift card is printed on the receipt.',
    ],
  },
  {
    label: 'taxes',
    asked: [
      'Is the tax in the price?',
      'Do prices include tax?',
      'Must I pay taxes when the {item} comes?',
      'How high is the tax?',
    ],
    rules: ['The tax is {percent} percent.', 'Prices are shown without tax.', 'The price of {a:item} includes tax.'],
  },
  {
    label: 'prices',
    asked: [
      'Why is the {item} more expensive {time}?',
      'The price of the {item} went [up|down].',
      'How much is the {colour} {item}?',
      'Do prices change often?',
      'Is the {item} cheaper in another shop?',
    ],
    rules: [
      'The {item} costs {number} pounds.',
      'Our prices change every {day}.',
      'A {item} of {material} is {percent} percent cheaper in {month}.',
    ],
  },
  {
    label: 'returns',
    asked: [
      'Can I [return|send back] the {item}?',
      'How many days do I have for a return?',
      'The {item} is not for me, I want to send it back.',
      'Where is the return label?',
      'How do I start a return?',
      'Is a return free?',
      'Can I send back {s:item} from the sale?',
    ],
    rules: [
      'Items can be returned within {number} days.',
      'A return costs {small} pounds.',
      'Send the {item} back in its own box.',
      'Things from the sale cannot be sent back.',
    ],
  },
  {
    label: 'refunds',
    asked: [
      'Where is my money?',
      'When do I get the refund for the {item}?',
      'How long must I wait for a refund?',
      'I sent the {item} back and want my money.',
    ],
    rules: ['A refund takes {number} days.', 'We pay the money back to the same card.', 'Refunds are made on {day}.'],
  },
  {
    label: 'damage',
    asked: [
      'The {item} is [broken|damaged|cracked|dirty|wet].',
      'My {item} came with a [crack|scratch|hole].',
      'There is a scratch on the {item}.',
      'The glass of the {item} broke.',
    ],
    rules: [
      'Send a photo of the damage within {small} days.',
      'A broken {item} is repaired in our workshop.',
      'We replace things that arrive broken.',
    ],
  },
  {
    label: 'wrong items',
    asked: [
      'I got a {item} but ordered a {item2}.',
      'You sent the wrong {item}.',
      'This {item} is {colour} but I ordered {colour2}.',
      'The box contains [another|a different] {item}.',
    ],
    rules: ['Wrong items are collected by our driver.', 'If you get a wrong item, we pay for its way back.'],
  },
  {
    label: 'parts',
    asked: [
      'A [screw|leg|part|wheel] of the {item} is missing.',
      'Do you have spare parts for {a:item}?',
      'The {item} came without screws.',
      'I lost {small} screws.',
    ],
    rules: ['Spare parts can be bought for {number} pounds.', 'Screws are in the small bag in the box.'],
  },
  {
    label: 'exchanges',
    asked: [
      'Can I [swap|exchange] the {item} for a {colour} one?',
      'The {item} is too [big|small|dark], I need another size.',
      'Do you exchange {s:item}?',
    ],
    rules: ['An exchange takes {small} days.', 'Colours and sizes can be exchanged in every shop.'],
  },
  {
    label: 'cancelling',
    asked: [
      'I want to cancel [the order|my order|order {order}].',
      'Can I still cancel?',
      'Please stop my order.',
      'I changed my mind about the {item}.',
    ],
    rules: ['Orders can be cancelled for {number} minutes.', 'After dispatch an order cannot be cancelled.'],
  },
  {
    label: 'guarantees',
    asked: [
      'How long is the [guarantee|warranty] for {a:item}?',
      'Is there a [guarantee|warranty]?',
      'The {item} broke after {small} months.',
      'Does the warranty cover {s:item}?',
    ],
    rules: ['A {item} has a guarantee of {small} years.', 'The warranty ends after {number} months.'],
  },
  {
    label: 'passwords',
    asked: [
      'I [lost|forgot] my password.',
      'I cannot [log in|sign in].',
      'How do I [change|reset] the password?',
      'My account is [locked|blocked].',
      'Please unlock my account.',
    ],
    rules: [
      'A password needs {number} letters.',
      'Accounts are closed for {number} minutes after {small} wrong passwords.',
    ],
  },
  {
    label: 'accounts',
    asked: [
      'I have a new [email|phone number|name].',
      'How do I [delete|close|erase] my account?',
      'Can you update my contact details?',
      'Please remove my data.',
      'Where are the settings?',
    ],
    rules: [
      'Accounts that are not used are closed after {number} months.',
      'You find your personal data on the account page.',
    ],
  },
  {
    label: 'newsletters',
    asked: [
      'I do not want the newsletter.',
      'How do I unsubscribe?',
      'Please send me no more [messages|newsletters|advertising].',
      'How often does the newsletter come?',
    ],
    rules: ['The newsletter comes every {day}.', 'Readers of the newsletter get {percent} percent off.'],
  },
  {
    label: 'points',
    asked: [
      'How many points do I have?',
      'What are points for?',
      'How do I [use|earn|collect] loyalty points?',
      'Do I get points for {a:item}?',
    ],
    rules: ['You collect {small} points with each order.', 'For {number} points you get {a:item}.'],
  },
  {
    label: 'opening hours',
    asked: [
      'When do you [open|close]?',
      'Are you open on {day}?',
      'Is the shop in {town} open {time}?',
      'What are the opening times?',
    ],
    rules: [
      'The shop is open from {hour} to {hour2}.',
      'We are closed on {day}.',
      'On {day} the shop opens at {hour}.',
    ],
  },
  {
    label: 'people',
    asked: [
      'Can I [talk|speak] to somebody?',
      'Are you a [robot|machine|real person]?',
      'I need to [talk|speak] with a human.',
      'Is somebody there?',
    ],
    rules: ['Our clerks answer letters on {day} and {day2}.', 'You can speak with a person in the shop in {town}.'],
  },
  {
    label: 'stock',
    asked: [
      'Is the {colour} {item} in stock?',
      'The {item} is sold out.',
      'When do you get new {s:item}?',
      'Will the {item} come back?',
    ],
    rules: [
      'The {item} is out of stock until {month}.',
      'New {s:item} come every {day}.',
      'We have {number} {s:item} in stock.',
    ],
  },
  {
    label: 'assembly',
    asked: [
      'Can somebody [build|assemble] the {item} for me?',
      'How hard is it to put the {item} together?',
      'Who can build my {item}?',
      'Is assembly included?',
    ],
    rules: ['Assembly takes {number} minutes.', 'A carpenter builds the {item} for {number} pounds.'],
  },
  {
    label: 'cleaning',
    asked: [
      'How do I [clean|wash] the {item}?',
      'There is [coffee|wine|tea|a spot] on the {item}.',
      'My {item} is dirty.',
      'Can {material} be washed?',
    ],
    rules: [
      'Clean {material} with [warm|cold] water and soap.',
      'Things of {material} are washed at {number} degrees.',
      'A {item} is best cleaned with a dry cloth.',
    ],
  },
  {
    label: 'samples',
    asked: [
      'Can I see a sample of the {material}?',
      'Do you have samples?',
      'I want to touch the fabric before I buy.',
      'May I get a piece of the {colour} fabric?',
    ],
    rules: ['Samples cost {small} pounds each.', 'A sample of the {material} is sent by letter.'],
  },
  {
    label: 'presents',
    asked: [
      'It is a present, can you wrap it?',
      'I need a present for my {family}.',
      'Do you wrap presents?',
      'What does wrapping paper cost?',
    ],
    rules: ['Wrapping paper is {colour} or {colour2}.', 'Presents are wrapped at the front desk.'],
  },
  {
    label: 'lower prices',
    asked: [
      'I am a student, is it cheaper for me?',
      'We are a company and buy {number} {s:item}.',
      'Is there a discount for [students|teachers|companies|hotels]?',
      'I saw a lower price in {town}.',
    ],
    rules: ['Companies that buy {number} {s:item} get a discount.', 'Teachers pay {percent} percent less.'],
  },
  {
    label: 'old furniture',
    asked: [
      'What can I do with my old {item}?',
      'Can you take the old {item} with you?',
      'Do you buy old furniture?',
      'Who removes my old bed?',
    ],
    rules: ['Old furniture can be given to the depot in {town}.', 'We buy used {s:item} for {number} pounds.'],
  },
  {
    label: 'plants',
    asked: [
      'My plant has yellow leaves.',
      'How much water does a plant need?',
      'The plant is dying.',
      'Why are the leaves brown?',
    ],
    rules: ['Give the plant water every {day}.', 'Plants like a {nice} place near the window.'],
  },
];

export const policies = topics.flatMap(({ rules }) => rules);
