/** What customers ask about the shop and its goods; the fields are explained in delivery.mjs. */
export const shop = [
  {
    name: 'opening-hours',
    answer: 'Our shops are open from nine to six on weekdays, and from ten to four on Sundays.',
    asked: [
      'When {are you|is your shop|are your shops} open?',
      'What are your opening {hours|times}?',
      'Are you open on {Sundays|Sunday|Saturday|weekdays}?',
      'When do{| you| your shops} {open|close}{| on Sunday| in the evening}?',
    ],
    askedElsewhere: ['At what time does the shop {open|close}?', 'Is the shop open on Sunday morning?'],
  },
  {
    name: 'talk-to-person',
    answer: 'A person answers the chat from eight in the morning to eight in the evening, every day.',
    asked: [
      'Can I {talk|speak|chat} {to|with} a {person|human|real person}?',
      'I {want|need} to {talk|speak} {to|with} {a person|a human|someone}.',
      'Is there {a person|a human|someone} I can {talk|speak} to?',
      'Are you {a person|a human|a machine|a robot}?',
    ],
    askedElsewhere: ['Let me speak with a real human.', 'When is a person there to chat with me?'],
  },
  {
    name: 'out-of-stock',
    answer: 'Press Tell Me on the product page. We write to you when the item is back in stock.',
    asked: [
      'When will the {lamp|sofa|chair|rug} be {back|in stock again|back in stock}?',
      'The {lamp|sofa|chair|rug|mirror} is {sold out|out of stock}.',
      'Is the {lamp|blue sofa|chair|rug} in stock?',
      'Will you have {more|new} {lamps|chairs|rugs} {soon|again}?',
    ],
    askedElsewhere: ['The mirror I like is out of stock.', 'Do you know when the sold out chair comes back?'],
  },
  {
    name: 'assembly',
    answer: 'Our team builds your furniture at home for thirty pounds. Add Assembly to the basket before you pay.',
    asked: [
      'Can {you|someone|your team} {build|assemble|put together} {my table|the bed|my furniture}?',
      'Do you {build|assemble} {furniture|the bed|tables}{| at home}?',
      'How much {is|does} {assembly|assembly at home} {|cost}?',
      'I cannot {build|assemble} {the shelf|the bed|my table} {alone|myself}.',
    ],
    askedElsewhere: ['Is there a service that assembles the bed for me?', 'I need someone to build my furniture.'],
  },
  {
    name: 'rug-care',
    answer: 'Wash cotton rugs at thirty degrees. Wool rugs must be cleaned by hand with cold water.',
    asked: [
      'How do I {clean|wash} {a|my|the} {rug|cotton rug|wool rug}?',
      'Can I {wash|clean} {a|my|the} rug {in the machine|at home|with water}?',
      'There is {a spot|coffee|wine} on my rug.',
      'My {rug|cotton rug|wool rug} is dirty.',
    ],
    askedElsewhere: ['What is the best way to wash a rug?', 'May I clean a wool rug with warm water?'],
  },
  {
    name: 'samples',
    answer: 'We send up to four fabric samples for free. Choose Order Samples on the sofa page.',
    asked: [
      'Can I {get|order|see} {a sample|samples|some samples} of {the|a|your} fabric?',
      'Do you {send|have|offer} {fabric samples|samples|samples of the fabric}?',
      'I {want|would like} to {feel|see|touch} the fabric {first|before I buy}.',
      'How do I {order|get} {samples|a fabric sample|fabric samples}?',
    ],
    askedElsewhere: ['Please send me a sample of the sofa fabric.', 'Are fabric samples free?'],
  },
];
