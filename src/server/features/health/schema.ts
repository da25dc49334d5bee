import { refusals } from '../../http/schema/common.ts';
import { literal, named, object } from '../../http/schema/json-schema.ts';

const Status = named('Status', object({ status: literal('ok') }, { description: 'Yes.' }));

export const healthSchema = {
  operationId: 'health',
  summary: 'Is the process running?',
  tags: ['Operations'],
  response: { 200: Status },
};

export const readySchema = {
  operationId: 'ready',
  summary: 'Can it serve?',
  tags: ['Operations'],
  response: {
    200: Status,
    ...refusals(),
  },
};
