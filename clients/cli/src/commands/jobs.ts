import type { Command } from 'commander';
import { openai } from '../api/connection.js';
import { stepLine } from '../api/follow-job.js';
import { give, show, table } from '../show/talk.js';
import { type CommonOptions, connected, withJson } from './command.js';
import { follow, showEnd } from './train.js';

export function addJobs(program: Command): void {
  const jobs = program.command('jobs').description('fine-tuning jobs');
  withJson(jobs.command('list', { isDefault: true }))
    .description('jobs, newest first')
    .action(async ({ json }: CommonOptions) => {
      const { data } = await openai(connected()).fineTuning.jobs.list({ limit: 100 });
      const rows = data.map(({ id, status, model, fine_tuned_model }) => [id, status, model, fine_tuned_model ?? '']);
      show(json === true, data, () => table(['job', 'status', 'base', 'adapter'], rows));
    });
  withJson(jobs.command('show <id>'))
    .description('one job as the API tells it')
    .action(async (id: string, { json }: CommonOptions) => {
      const job = await openai(connected()).fineTuning.jobs.retrieve(id);
      show(json === true, job, () => JSON.stringify(job, null, 2));
    });
  withJson(jobs.command('watch <id>'))
    .description('follow a job to its end')
    .action(async (id: string, { json }: CommonOptions) => showEnd(json === true, await follow(id)));
  withJson(jobs.command('events <id>'))
    .description('what happened in a job, oldest first')
    .action(async (id: string, { json }: CommonOptions) => {
      const events = [];
      for await (const event of openai(connected()).fineTuning.jobs.listEvents(id, { limit: 100 })) events.push(event);
      events.reverse();
      if (json === true) give(JSON.stringify(events));
      else for (const event of events) give(`${time(event.created_at)}  ${stepLine(event) ?? event.message}`);
    });
  withJson(jobs.command('cancel <id>'))
    .description('stop a job before its next step; no adapter is published')
    .action(async (id: string, { json }: CommonOptions) => {
      const job = await openai(connected()).fineTuning.jobs.cancel(id);
      show(json === true, job, () => `${job.id}  ${job.status}`);
    });
}

const time = (seconds: number): string => new Date(seconds * 1000).toISOString().slice(11, 19);
