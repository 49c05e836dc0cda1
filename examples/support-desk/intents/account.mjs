/** What customers ask about their account; the fields are explained in delivery.mjs. */
export const account = [
  {
    name: 'reset-password',
    answer: 'Press Forgot Password on the sign-in page. We send you a link that works for twenty minutes.',
    asked: [
      'I forgot my password{|. What now|. Can you help}?',
      'How {can|do} I {reset|change} my password?',
      'I {need|want} {a new password|to reset my password|to change my password}.',
      'I cannot {sign in|log in} because I {forgot|lost} my password.',
    ],
    askedElsewhere: ['My password is lost. How do I get a new one?', 'Please reset the password of my account.'],
  },
  {
    name: 'change-email',
    answer: 'Go to Settings, choose Contact Details and type the new address. Then confirm it with the code we send.',
    asked: [
      'How {can|do} I change my {email|email address|phone number}?',
      'I have a new {email|email address|phone number}.',
      'Can you {change|update} my {email|email address|phone number|contact details}?',
      'My {email|email address|phone number} {has changed|is wrong}{| in my account}.',
    ],
    askedElsewhere: ['I want to use another email address.', 'Where do I update my {email|phone number}?'],
  },
  {
    name: 'delete-account',
    answer: 'Go to Settings, choose Privacy and press Delete Account. Your data is erased after seven days.',
    asked: [
      'How {can|do} I {delete|close|remove} my account?',
      'I {want|would like} to {delete|close} my account.',
      'Please {delete|remove|erase} {my account|my data|all my data}.',
      'How do I {erase|remove} my {data|personal data}?',
    ],
    askedElsewhere: ['I do not need my account any more, please delete it.', 'Can you erase my personal data?'],
  },
  {
    name: 'newsletter',
    answer: 'Press Unsubscribe at the bottom of any newsletter. It stops within one day.',
    asked: [
      'How {can|do} I {stop|leave|unsubscribe from} {the|your} newsletter?',
      'I {do not want|get too many} {newsletters|your newsletters|advertising messages}.',
      'Please stop {sending me|the} {newsletters|advertising}.',
      'I want to unsubscribe{| from your newsletter| from the newsletter}.',
    ],
    askedElsewhere: ['I want no more newsletters.', 'Please take me off the newsletter list.'],
  },
  {
    name: 'points',
    answer: 'You earn one point for every pound. One hundred points give you five pounds off.',
    asked: [
      'How do {loyalty points|points|your points} work?',
      'What {can I do with|do I get for} my {points|loyalty points}?',
      'How many points {do I get|do I earn|are there} {for one order|for each pound|for fifty pounds}?',
      'How do I {use|earn|collect} {points|loyalty points}?',
    ],
    askedElsewhere: ['What is a loyalty point worth?', 'Do I earn points when I buy something?'],
  },
  {
    name: 'locked-account',
    answer: 'An account locks after five wrong passwords. Wait for fifteen minutes and then try again.',
    asked: [
      'My account is {locked|blocked}.',
      'Why is my account {locked|blocked}?',
      'The site says that my account is {locked|blocked}.',
      'I am {locked|blocked} out{| of my account}.',
      'How do I {unlock|open} my {locked|blocked} account?',
    ],
    askedElsewhere: ['I typed a wrong password and now my account is locked.', 'Can you unlock my account?'],
  },
];
