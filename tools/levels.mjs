// Prints the instruction set levels that this machine can run, weakest first, as the native library sees them.
import { init } from '@hone/native';

const { isa, isasAvailable } = init();
process.stdout.write(JSON.stringify({ isa, isasAvailable }));
