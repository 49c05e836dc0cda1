/** What customers ask about paying; the fields are explained in delivery.mjs. */
export const payment = [
  {
    name: 'payment-methods',
    answer: 'We accept debit cards, credit cards, bank transfer and Pinewick credit. We do not accept cheques.',
    asked: [
      'How can I pay{| for my order| for a sofa| in your shop}?',
      'Which {cards|ways to pay|payment methods} do you {accept|take}?',
      'Do you {accept|take} {credit cards|debit cards|cheques|bank transfer}?',
      'Can I pay {with|by} {credit card|debit card|cheque|bank transfer}?',
    ],
    askedElsewhere: ['Is it possible to pay by {bank transfer|debit card}?', 'What kinds of payment do you accept?'],
  },
  {
    name: 'pay-in-parts',
    answer: 'Orders over one hundred pounds can be paid in three monthly parts with no interest.',
    asked: [
      'Can I pay {in parts|in instalments|every month|monthly}?',
      'Can I {split|spread} the {price|cost|payment} over {some months|three months|a few months}?',
      'Do you offer {monthly payments|instalments|payment in parts|a payment plan}?',
      'Is there {a payment plan|a way to pay monthly|a way to pay in instalments}{| for a sofa| for a table}?',
    ],
    askedElsewhere: ['Could I pay for the table in {instalments|monthly parts}?', 'Do you have monthly instalments?'],
  },
  {
    name: 'card-declined',
    answer:
      'Check the card number and the expiry date first. If the card still fails, try another card or ask your bank.',
    asked: [
      'My {card|credit card|debit card} was {declined|refused|rejected}{| at checkout}.',
      'My {card|payment} {does not work|failed|is not accepted}.',
      'Why was my {card|payment|credit card} {declined|refused|rejected}?',
      'The site {refuses|rejects|does not take} my card.',
    ],
    askedElsewhere: ['Checkout says that my card is {declined|refused}.', 'I tried to pay but the card failed.'],
  },
  {
    name: 'charged-twice',
    answer: 'A second charge is only a hold on your card. It disappears within four working days.',
    asked: [
      'I was {charged|billed} twice{| for one order| for my lamp| this week}.',
      'Why {did you charge me|was I charged|was I billed} {twice|two times}?',
      'There are two {charges|payments} {on my card|on my account|for one order}.',
      'You took the money {twice|two times}.',
    ],
    askedElsewhere: ['I see two charges for the same order.', 'My card was charged two times by mistake.'],
  },
  {
    name: 'invoice',
    answer: 'Open My Orders, choose the order and press Download Invoice. The invoice is a PDF file.',
    asked: [
      'Where {is|can I find|do I get} {the|my|an} invoice?',
      'I need {an invoice|a receipt|a bill} for my {order|company|sofa}.',
      'Can you send me {an invoice|a receipt|the invoice}?',
      'How do I {download|print|get} {an invoice|a receipt|the invoice}?',
    ],
    askedElsewhere: ['Please give me {the invoice|a receipt} for my last order.', 'Where can I download my receipt?'],
  },
  {
    name: 'discount-code',
    answer: 'Type the code in the Discount box at checkout. Only one code works on each order.',
    asked: [
      'Where do I {type|enter|use} {my|a|the} {discount code|code|voucher}?',
      'My {discount code|code|voucher} does not work.',
      'Can I use two {codes|discount codes|vouchers}{| on one order}?',
      'How do I {use|enter} {a|my} {discount code|voucher|code}?',
    ],
    askedElsewhere: ['I have a {voucher|discount code}. What do I do with it?', 'My code is not working at checkout.'],
  },
  {
    name: 'gift-card-balance',
    answer: 'Open the Gift Cards page and type the sixteen letters on the back. Your balance appears at once.',
    asked: [
      'How much {money|credit} is {left|still} on my gift card?',
      'How do I {check|see|find} the balance of {my|a} gift card?',
      'What is the balance {of|on} my gift card?',
      'Where can I {check|see} {how much is on my gift card|my gift card balance}?',
    ],
    askedElsewhere: ['I want to know the balance of a gift card.', 'How much do I still have on the gift card?'],
  },
  {
    name: 'gift-card-expiry',
    answer: 'Pinewick gift cards are valid for two years from the day of purchase.',
    asked: [
      'When does {my|a|the} gift card {expire|end|run out}?',
      'How long is {my|a|the} gift card valid?',
      'Is my {old gift card|gift card from last year} still valid?',
      'Do {gift cards|your gift cards} {expire|have an expiry date|run out}?',
    ],
    askedElsewhere: ['Will my gift card expire soon?', 'For how many years is a gift card valid?'],
  },
  {
    name: 'tax',
    answer: 'All prices on the site include tax. There is nothing more to pay at the door.',
    asked: [
      '{Is|Are} {tax|taxes|sales tax} included{| in the price| in your prices}?',
      'Do {the|your} prices {include|contain} tax?',
      'Do I pay {tax|extra tax|more} {at the door|at checkout|on top}?',
      'Will there be {extra tax|tax on top|more to pay at the door}?',
    ],
    askedElsewhere: ['Is the price with or without tax?', 'Must I pay tax on top of the price?'],
  },
  {
    name: 'price-change',
    answer: 'Prices change on the first Monday of each month. The price on your order confirmation never changes.',
    asked: [
      'Why {did|has} the price {change|gone up|gone down}?',
      'When do {your|the} prices {change|go down|go up}?',
      'The {lamp|sofa|rug|chair} {costs more|is more expensive|is cheaper} than {yesterday|last week}.',
      'The price {went up|went down|changed} after I {ordered|paid}.',
    ],
    askedElsewhere: ['How often do prices change?', 'The price of the sofa went up since last week. Why?'],
  },
];
