/**
 * What customers ask about delivery. `asked` and `askedElsewhere` are patterns: `{a|b}` stands for one of its words. The first
 * kind makes training rows, the second only held-out rows, so that the held-out wording is new and its topic is known.
 */
export const delivery = [
  {
    name: 'delivery-time',
    answer: 'Standard delivery takes three to five working days. Express delivery arrives on the next working day.',
    asked: [
      'How {long|many days} does {standard|normal|regular} delivery take?',
      'When will my {parcel|order|lamp|chair} {arrive|get here|be delivered} if I order {today|now}?',
      'How {fast|quick} is {standard|express|your} {delivery|shipping}?',
      'How many days until {my order|a new rug|the table} {arrives|reaches me}?',
    ],
    askedElsewhere: [
      'How {long|many days} do I have to wait for {standard delivery|a parcel}?',
      'What is the {usual|normal} delivery time?',
    ],
  },
  {
    name: 'delivery-cost',
    answer: 'Standard delivery costs four pounds. It is free for every order over fifty pounds.',
    asked: [
      'How much does {delivery|shipping|standard delivery} cost?',
      'What do you charge for {delivery|shipping|postage}?',
      'Is {delivery|shipping} free{| for large orders| for a small order}?',
      'What is the {price|cost} of {delivery|shipping|postage}?',
    ],
    askedElsewhere: ['How much do I pay for {shipping|delivery}?', 'When is {delivery|shipping} free of charge?'],
  },
  {
    name: 'track-order',
    answer: 'Open the tracking link in your dispatch message, or choose My Orders and then Track Parcel.',
    asked: [
      'Where is my {order|parcel|package} {now|at the moment|today}?',
      'How {can|do} I track my {order|parcel|package}?',
      'I want to {see|know} where my {order|parcel|sofa} is{| right now}.',
      'Where do I find {the tracking link|the tracking number|my tracking page}?',
    ],
    askedElsewhere: ['Can I {follow|track} my parcel online?', 'How do I find out where my {parcel|package} is?'],
  },
  {
    name: 'late-parcel',
    answer: 'I am sorry about the delay. If a parcel is more than two days late, we send a new one at no cost.',
    asked: [
      'My {order|parcel|package} is {late|three days late|very late}.',
      'My {order|parcel|table} {should have come|was due} {yesterday|last week|on Monday} and it is not here.',
      'Why is my {order|parcel|delivery} so late?',
      'My {order|parcel} is delayed. What {happens|can you do} now?',
    ],
    askedElsewhere: ['The parcel is {four|five} days late, what now?', 'My delivery is late and I am still waiting.'],
  },
  {
    name: 'change-address',
    answer: 'You can change the delivery address until the parcel is packed. Open My Orders and choose Edit Address.',
    asked: [
      'Can I change the {delivery address|address} of my order?',
      'I {typed|gave|entered} the wrong {address|street|delivery address}.',
      'How do I {change|edit|correct} {the|my} delivery address?',
      'Please send my {order|parcel} to {another|a different|a new} address.',
    ],
    askedElsewhere: [
      'I moved house. Can my order go to the new address?',
      'The address on my order is wrong. How do I correct it?',
    ],
  },
  {
    name: 'delivery-abroad',
    answer:
      'We deliver to Ireland, France, Spain and Germany. Delivery abroad costs twelve pounds and takes eight days.',
    asked: [
      'Do you {deliver|ship|send parcels} to {France|Spain|Germany|Ireland|another country}?',
      'Can you {send|post} {an order|a lamp|a rug} {abroad|to France|to Spain|to Germany}?',
      'Which countries do you {deliver|ship} to?',
      'Is {delivery|shipping} {abroad|to another country} possible?',
    ],
    askedElsewhere: ['I live in {Germany|France|Spain}. Do you deliver there?', 'Do you ship orders abroad?'],
  },
  {
    name: 'collect-in-store',
    answer: 'Choose Collect In Store at checkout. Your order is kept at the front desk for ten days.',
    asked: [
      'Can I {collect|pick up} my order {in a shop|in the store|at your shop|myself}?',
      'How does {collection|pick up} {in the store|in a shop} work?',
      'How {long|many days} do you keep an order {for collection|in the store for me}?',
      'I want to {collect|pick up} my {lamp|parcel|order} {in the store|from the shop}.',
    ],
    askedElsewhere: [
      'May I come to the shop and collect my order?',
      'Is it possible to pick up a parcel in the store?',
    ],
  },
  {
    name: 'delivery-slot',
    answer: 'Large items come with a chosen time slot. Pick a morning, afternoon or evening slot at checkout.',
    asked: [
      'Can I {choose|pick|book} a {time|slot|time slot} for {delivery|my sofa|the driver}?',
      'At what {time|hour} will {the driver|my sofa|my table} come?',
      'I {work|am out} {in the morning|until five}. Can you {come|deliver} in the {evening|afternoon}?',
      'Can {the driver|you} come {in the evening|in the morning|after six}?',
    ],
    askedElsewhere: ['Can I book an evening slot for my {sofa|table}?', 'May I choose the time of delivery?'],
  },
  {
    name: 'missed-delivery',
    answer: 'The driver tries again on the next working day. After two visits your parcel waits at the nearest depot.',
    asked: [
      'I {missed|was out for} {the delivery|the driver|my delivery}{| today| this morning}.',
      'Nobody was {home|in} when {the driver|my parcel} came.',
      'The driver left a {card|note} because I was {out|not home}.',
      'What happens when I am {out|not at home|at work} and the driver comes?',
    ],
    askedElsewhere: ['I was not at home when the parcel came.', 'I missed the driver yesterday. Will he come again?'],
  },
  {
    name: 'safe-place',
    answer: 'Yes. Add a safe place or a neighbour to the delivery notes, and the driver will leave the parcel there.',
    asked: [
      'Can {you|the driver} leave {it|my parcel|the box} {with|at} {my|a} neighbour?',
      'Can {you|the driver} leave {it|my parcel|the box} in {the garage|a safe place|the garden|the porch}?',
      'Please leave {it|my parcel|the box} {with my neighbour|in the garage|behind the door}.',
      'Where do I write {notes for the driver|delivery notes|that my neighbour takes the parcel}?',
    ],
    askedElsewhere: ['Could my neighbour take the parcel for me?', 'Is it fine to leave the parcel in the garage?'],
  },
];
