/**
 * Topics that train.jsonl does not know. `corrected` wordings become the corrections that users send with a thumbs-down,
 * `askedElsewhere` wordings wait in the held-out split: only a model that learnt from the feedback can answer them.
 */
export const later = [
  {
    name: 'gift-wrap',
    answer: 'Gift wrapping costs three pounds. Tick Gift Wrap in the basket and write a short card.',
    corrected: [
      'Can you gift wrap my order?',
      'Do you offer gift wrapping?',
      'How much is gift wrapping?',
      'I want the lamp wrapped as a present.',
      'Can you wrap a birthday present for me?',
    ],
    askedElsewhere: ['Is gift wrapping possible?', 'Please wrap the vase as a present.', 'What does gift wrap cost?'],
  },
  {
    name: 'student-discount',
    answer: 'Students get ten percent off. Show your college card on the Student page.',
    corrected: [
      'Is there a student discount?',
      'I am a student. Do I get a discount?',
      'Do students pay less?',
      'How do I get the student discount?',
      'Is it cheaper for college students?',
    ],
    askedElsewhere: ['Do you have a discount for students?', 'As a student, what discount do I get?'],
  },
  {
    name: 'take-away',
    answer: 'We take away one old sofa or bed for twenty pounds. Add Take Away at checkout.',
    corrected: [
      'Can you take away my old sofa?',
      'Do you remove old furniture?',
      'What happens with my old bed?',
      'Will the driver take my old sofa with him?',
      'I need somebody to remove an old bed.',
    ],
    askedElsewhere: ['Do you take old sofas away?', 'Can the driver remove my old bed?', 'Who takes away my old sofa?'],
  },
  {
    name: 'price-match',
    answer: 'We match a lower price from any shop for seven days. Send us a link to the offer.',
    corrected: [
      'Do you match prices?',
      'I found the lamp at a lower price in another shop.',
      'Another shop sells this chair for less.',
      'Will you match a lower price?',
      'The same sofa has a lower price elsewhere.',
    ],
    askedElsewhere: ['Can you match the price of another shop?', 'A different shop has a lower price for the rug.'],
  },
  {
    name: 'plant-care',
    answer: 'Every plant is guaranteed for sixty days. Send a photo of the leaves and we will send a new plant.',
    corrected: [
      'My plant is dying.',
      'The leaves of my plant are yellow.',
      'My new plant lost all its leaves.',
      'What do you do when a plant dies?',
      'The plant that I bought looks ill.',
    ],
    askedElsewhere: ['My plant has brown leaves.', 'The plant died after a month.', 'Why is my plant dying?'],
  },
  {
    name: 'trade-account',
    answer: 'Trade customers get fifteen percent off. Apply on the Business page with your company number.',
    corrected: [
      'Do you have trade accounts?',
      'I buy for a company. Do you have business prices?',
      'How do I open a trade account?',
      'We are a hotel and need a business account.',
      'What do trade customers pay?',
    ],
    askedElsewhere: ['How can my company get a trade account?', 'Are there business prices for a hotel?'],
  },
];
