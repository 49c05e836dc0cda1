// A program of its own: loads the native library and prints what it found as JSON. A library that does not fit this machine may
// end the process that loads it, so whoever only wants to know asks this one.
import { init } from './runtime.js';

console.log(JSON.stringify(init()));
