import type { Command } from 'commander';
import { commandTrace } from '../trace/command-trace.js';
import { connection, type Connection } from '../api/connection.js';

/** The options that every command has. */
export interface CommonOptions {
  json?: boolean;
}

export const withJson = (command: Command): Command =>
  command.option('--json', 'print one JSON value on stdout instead of text for people');

/** A command's requests are one trace, so that `hone trace show` tells what it did. */
export const connected = (): Connection => connection(commandTrace.traceparent);
