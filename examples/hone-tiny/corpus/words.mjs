/** The words of the grammar, one list per kind. */
const list = (text) => text.trim().split(/\s*[,\n]\s*/);

const shopStart = list(
  'Oak, Maple, Birch, Willow, Hazel, Cedar, Ash, Elm, Rose, Fern, Moss, Stone, River, Lake, Hill, North, West, East, Amber, Copper, Silver, Green, Blue, Red, White, Black, Bright, Clear, Swift, Quiet, Little, Grand, Old, New, High, Low, Honey, Apple, Plum, Berry',
);
const shopEnd = list(
  'field, wood, ford, ham, ton, bury, mere, dale, gate, bridge, brook, well, stead, worth, ley, side, light, house, mill, croft, haven, burn, shaw, ridge, wick, port, way, well, yard, barn',
);
const startSound = list(
  'ba, be, bo, ca, co, da, de, do, fa, fi, ga, go, ha, he, jo, ka, ki, la, le, li, lo, ma, me, mi, mo, na, ne, ni, pa, pe, ra, re, ri, ro, sa, se, si, so, ta, te, ti, to, va, ve, vi, wa, wi, za',
);
const endSound = list(
  'lan, rin, ton, mar, vel, dor, nik, sen, ler, mont, rez, ni, la, ra, to, mi, kov, son, berg, well, man, ner, ley, ros, tin, dez, ic, ard, in, el',
);

export const words = {
  shop: shopStart.flatMap((start) => shopEnd.map((end) => start + end)),
  surname: startSound.flatMap((start) => endSound.map((end) => start[0].toUpperCase() + start.slice(1) + end)),
  she: list(
    'Anna, Mara, Lena, Ruth, Clara, Nora, Alice, Emma, Julia, Sara, Ella, Rosa, Grace, Irene, Laura, Maya, Olga, Petra, Tina, Vera, Zoe, Amina, Dana, Eva, Fay, Hana, Ida, June, Kate, Lucy, Molly, Nina',
  ),
  he: list(
    'Adam, Ben, Carl, Daniel, Erik, Frank, George, Henry, Ivan, Jack, Karim, Leo, Martin, Noah, Oscar, Paul, Peter, Robert, Sam, Tom, Victor, Walter, Alex, Bruno, David, Felix, Hugo, Jonas, Luke, Max, Simon, Theo',
  ),
  town: list(
    'Leeds, York, Bristol, Cardiff, Dover, Exeter, Oxford, London, Paris, Madrid, Berlin, Dublin, Rome, Vienna, Oslo, Lisbon, Bath, Derby, Lyon, Turin, Porto, Bergen, Bonn, Cork, Hull, Kent, Wells, Ripon, Truro, Perth',
  ),
  country: list(
    'France, Spain, Germany, Ireland, Italy, Norway, Sweden, Poland, Portugal, Austria, Belgium, Denmark, Finland, Greece, Scotland, Wales, England, Canada, Japan, India',
  ),
  item: list(
    'lamp, chair, table, sofa, rug, mirror, vase, shelf, bed, desk, stool, bench, cupboard, wardrobe, curtain, cushion, blanket, carpet, clock, candle, basket, plant, bowl, plate, cup, glass, mug, pan, kettle, knife, teapot, jug, tray, picture, frame, drawer, armchair, pillow, towel, lantern, bookcase, cabinet, mattress, hook, toaster, radio, umbrella, bag, coat, scarf, hat, jacket, shirt, boot, book, notebook, pencil, toy, kite, tent',
  ),
  material: list(
    'wood, glass, metal, cotton, wool, leather, paper, stone, plastic, silk, steel, brass, oak, pine, linen, velvet, clay',
  ),
  colour: list('red, blue, green, yellow, white, black, brown, grey, orange, pink, purple, golden, silver, cream'),
  size: list('small, large, big, tiny, tall, short, wide, narrow, long, round, square, heavy, light, medium'),
  nice: list(
    'good, nice, lovely, warm, bright, simple, soft, strong, modern, old, new, beautiful, comfortable, cheap, elegant, pretty, useful, quiet, clean, fine, plain, solid, handsome',
  ),
  room: list(
    'kitchen, bedroom, bathroom, living room, hall, garden, office, garage, study, dining room, cellar, attic, balcony, nursery, porch',
  ),
  number: list(
    'two, three, four, five, six, seven, eight, nine, ten, twelve, fourteen, fifteen, sixteen, eighteen, twenty, thirty, forty, fifty, sixty, ninety',
  ),
  small: list('two, three, four, five, six, seven, eight, nine, ten'),
  percent: list('five, ten, fifteen, twenty, twenty five, thirty, forty, fifty'),
  hour: list('seven, eight, nine, ten, eleven, twelve, one, two, three, four, five, six'),
  day: list('Monday, Tuesday, Wednesday, Thursday, Friday, Saturday, Sunday'),
  month: list('January, February, March, April, May, June, July, August, September, October, November, December'),
  part: list('morning, afternoon, evening, night'),
  weather: list('sunny, cloudy, rainy, windy, cold, warm, hot, foggy, snowy, stormy, mild, dry, wet, grey, icy'),
  food: list(
    'bread, soup, rice, cheese, salad, cake, pasta, fish, chicken, potato, tomato, onion, carrot, apple, pear, plum, orange, banana, grape, lemon, egg, butter, honey, porridge, pie, stew, sandwich, pancake, biscuit, bean, mushroom, pepper',
  ),
  drink: list('tea, coffee, milk, water, juice, cocoa, lemonade, cider'),
  animal: list('cat, dog, horse, bird, rabbit, duck, sheep, cow, fox, owl, mouse, hen, goat, swan, hedgehog, squirrel'),
  job: list(
    'teacher, baker, nurse, driver, farmer, painter, cook, doctor, writer, builder, tailor, gardener, sailor, student, waiter, clerk, singer, carpenter, manager, engineer, plumber, potter',
  ),
  family: list(
    'mother, father, sister, brother, aunt, uncle, neighbour, friend, daughter, son, grandmother, grandfather, cousin, wife, husband',
  ),
  verb: list(
    'Open, Choose, Press, Print, Check, Edit, Save, Send, Start, Stop, Show, Hide, Add, Remove, Change, Confirm, Cancel, Download, Upload, Return, Track, Search, Order, Review, Share, Copy, Report, Select, Find, Collect, Forgot, Delete, Update, Exchange, Unsubscribe, Tick, Tell, Verify',
  ),
  label: list(
    'Orders, Order, Parcel, Address, Settings, Privacy, Account, Password, Basket, Card, Cards, Discount, Invoice, Label, Profile, Message, Details, Contact Details, History, Payment, Help, Report, Photo, List, Store, Samples, Item, Items, Parts, Gift Cards, Points, Data, Notes, Size, Delivery, Assembly, Newsletter, Code, Returns, Language, Name, Number, Me, Business, Student, Wrap, Missing Parts',
  ),
  label2: undefined,
  page: list(
    'home page, order page, account page, payment page, help page, product page, delivery page, contact page, returns page, sign-in page, first page, last page',
  ),
  thing: list(
    'order, parcel, package, delivery, box, letter, card, refund, payment, return, exchange, account, invoice, message, gift',
  ),
  trouble: list(
    'late, broken, lost, wrong, missing, damaged, too small, too big, empty, dirty, wet, open, cracked, too dark, sold out, out of stock',
  ),
  feeling: list(
    'happy, glad, sad, tired, angry, surprised, pleased, proud, worried, calm, hungry, sorry, thankful, excited, busy, ready',
  ),
  place: list(
    'shop, market, station, school, library, park, river, beach, museum, bakery, office, post office, bank, hotel, church, harbour, warehouse, depot, workshop, garden, factory, cafe',
  ),
  time: list(
    'today, tomorrow, yesterday, this week, last week, next week, this morning, tonight, this month, last month, soon, now',
  ),
  order: list('4417, 20831, 7752, 91840, 3306, 58219, 66104, 1275, 80093, 45560, 23918, 70642'),
};
delete words.label2;
