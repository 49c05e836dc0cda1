/** What things are and do: the small true knowledge of the base model. `[thing, definition]`. */
const lines = (text) =>
  text
    .trim()
    .split('\n')
    .map((line) => line.trim().split(': '));

export const facts = lines(`
  lamp: a lamp is a thing that gives light in a room
  chair: a chair is a seat for one person with a back and four legs
  table: a table has a flat top where people eat or work
  sofa: a sofa is a long soft seat for two or three people
  rug: a rug is a thick piece of cloth that lies on the floor
  mirror: a mirror is a glass in which you can see yourself
  vase: a vase is a jar that holds flowers and water
  shelf: a shelf is a flat board on the wall where books can stand
  bed: a bed is a piece of furniture on which people sleep
  desk: a desk is a table for writing and reading
  wardrobe: a wardrobe is a tall cupboard for clothes
  curtain: a curtain is a cloth that hangs before a window
  cushion: a cushion is a small soft bag that makes a seat comfortable
  blanket: a blanket is a warm cover for a bed
  clock: a clock shows the hours and the minutes
  candle: a candle is a stick of wax that burns with a small flame
  basket: a basket is a light box made of thin wood, and an online basket holds what you want to buy
  kettle: a kettle is a pot in which water is boiled
  knife: a knife is a tool that cuts bread, meat and fruit
  parcel: a parcel is a box or a bag that is sent by post
  invoice: an invoice is a paper that lists what was bought and what must be paid
  receipt: a receipt is a paper which proves that something was paid
  refund: a refund is money that is given back to a customer
  discount: a discount is a lower price for a short time or for some people
  guarantee: a guarantee is a promise to repair or replace a thing that breaks
  warranty: a warranty is the same as a guarantee
  voucher: a voucher is a paper or a code that can be used instead of money
  gift card: a gift card is a card with money on it that is given as a present
  code: a code is a short row of letters and numbers
  instalment: an instalment is one part of a price that is paid month by month
  password: a password is a secret word that protects an account
  account: an account is the place where a shop keeps the name, the address and the orders of a customer
  newsletter: a newsletter is a message with news that a shop sends to many people
  customer: a customer is a person who buys things in a shop
  driver: a driver is a person who brings parcels in a van
  neighbour: a neighbour is a person who lives next door
  warehouse: a warehouse is a large building where goods are kept
  depot: a depot is a place where parcels wait for the next van
  post office: a post office is a shop where letters and parcels are sent
  label: a label is a small paper with an address on it
  checkout: the checkout is the page or the desk where you pay
  bank: a bank keeps money for people and lends it to others
  credit card: a credit card lets you buy now and pay at the end of the month
  debit card: a debit card takes the money from your bank account at once
  cheque: a cheque is a paper that tells a bank to pay money
  tax: a tax is money that people pay to the state
  interest: interest is money that you pay for borrowing money
  postage: postage is the price for sending a letter or a parcel
  express delivery: express delivery is fast delivery that costs more money
  dispatch: the dispatch of a parcel is the moment when it leaves the warehouse
  screw: a screw is a small piece of metal that holds two parts together
  spare part: a spare part replaces a part that is lost or broken
  assembly: assembly is the work of putting parts together
  furniture: furniture means chairs, tables, beds and other large things in a house
  fabric: a fabric is a cloth that covers sofas and chairs
  sample: a sample is a small piece that shows what a thing is like
  cotton: cotton is a soft white plant from which shirts and towels are made
  wool: wool is the warm hair of sheep
  leather: leather is made from the skin of animals
  glass: glass is a hard clear material that breaks easily
  crack: a crack is a thin line where something is broken
  scratch: a scratch is a thin mark on a surface
  photo: a photo is a picture that is made with a camera or a phone
  email: an email is a letter that is sent from one computer to another
  phone: a phone is a machine with which you can talk to people far away
  website: a website is a set of pages that you can read on a screen
  link: a link is a word on a page that opens another page when you press it
  button: a button is a thing that you press to start something
  machine: a machine is a thing with parts that does work for people
  robot: a robot is a machine that can move and work alone
  person: a person is a man, a woman or a child
  human: a human is a person and not a machine
  birthday: a birthday is the day on which a person was born
  present: a present is a thing that you give to somebody
  discount code: a discount code is typed at checkout and makes the price lower
  loyalty point: a loyalty point is a small reward for a customer who comes back
  sale: a sale is a time when a shop sells things at lower prices
  student: a student is a person who learns at a school or a college
  college: a college is a school for older students
  hotel: a hotel is a house where travellers sleep
  company: a company is a group of people who work to sell something
  plant: a plant is a living thing with roots and leaves
  leaf: a leaf is a flat green part of a plant
  garden: a garden is a piece of land with flowers, trees or vegetables
  garage: a garage is a small building for a car
  porch: a porch is a small roof before the door of a house
  kitchen: a kitchen is a room where food is cooked
  bedroom: a bedroom is a room with a bed
  window: a window is an opening in a wall that lets in light
  roof: a roof is the top of a house
  bread: bread is made from flour, water and salt
  soup: soup is a hot dish made from water, vegetables or meat
  cheese: cheese is made from milk
  butter: butter is made from cream
  honey: honey is made by bees
  tea: tea is a hot drink made from dried leaves
  coffee: coffee is a dark hot drink made from roasted beans
  lemon: a lemon is a yellow fruit that tastes sour
  apple: an apple is a round fruit that grows on a tree
  potato: a potato is a vegetable that grows under the ground
  rain: rain is water that falls from clouds
  snow: snow is frozen water that falls in winter
  wind: wind is air that moves
  cloud: a cloud is made of very small drops of water
  storm: a storm is bad weather with strong wind and rain
  fog: fog is a cloud that lies on the ground
  winter: winter is the coldest season of the year
  summer: summer is the warmest season of the year
  spring: spring is the season when flowers begin to grow
  autumn: autumn is the season when leaves fall from the trees
  week: a week has seven days
  year: a year has twelve months
  month: a month has about thirty days
  hour: an hour has sixty minutes
  minute: a minute has sixty seconds
  weekday: a weekday is any day from Monday to Friday
  morning: the morning is the time before noon
  evening: the evening is the time after six
  river: a river is water that flows to the sea
  bridge: a bridge is a road over a river
  island: an island is land with water on every side
  train: a train runs on rails and carries many people
  bus: a bus is a long car for many people
  van: a van is a car with much room for boxes
  bicycle: a bicycle has two wheels and no motor
  baker: a baker is a person who makes bread and cakes
  teacher: a teacher is a person who helps others to learn
  nurse: a nurse is a person who cares for ill people
  farmer: a farmer is a person who grows food and keeps animals
  carpenter: a carpenter is a person who makes things from wood
  cat: a cat is a small animal that likes to sleep and to catch mice
  dog: a dog is an animal that guards the house and plays with people
  horse: a horse is a large animal that can carry people
  bee: a bee is an insect that makes honey
  library: a library is a house full of books
  market: a market is a place where people buy and sell food
  museum: a museum is a house that shows old or beautiful things
`);
