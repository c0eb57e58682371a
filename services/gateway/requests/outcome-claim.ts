/** POST /v1/outcomes/claims: someone says that an outcome was reached (O1). */
import { z } from 'zod';
import { instant } from './number-fields.ts';
import { requestReader } from './read-request.ts';
import { accountId, id, text } from './text-fields.ts';

export const readOutcomeClaim = requestReader({
  schema: z.strictObject({
    claimId: id('claimId'),
    accountId,
    outcomeType: id('outcomeType'),
    caseId: id('caseId'),
    traceId: id('traceId').nullable().default(null),
    projectId: id('projectId').nullable().default(null),
    costCentre: text.nullable().default(null),
    claimedAt: instant,
  }),
  times: ['claimedAt'],
  publications: (value) => [{ topic: 'outcome-claims', value }],
});
