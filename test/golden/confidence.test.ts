/**
 * The three buckets of document 000, section 2.3 and 3.1, worked out by hand.
 *
 * A ticket counts as resolved when its status is closed and its satisfaction above 3 (method webhook_callback), verified
 * within 24 hours; otherwise the base rate is charged. A lead counts as generated when its status is qualified or
 * contacted (method crm_integration), it has an e-mail address, a company and a job title, and its quality is at
 * least 0.7. Confidence above 0.9 is billed, 0.7 to 0.9 is reviewed, below 0.7 is not billed.
 */
import { describe, expect, test } from 'vitest';
import { parseAmount } from '../../schemas/amount.ts';
import {
  claim,
  definition,
  leaf,
  node,
  outcomeWorld,
  readable,
  tick,
  verification,
} from '../services/outcome-confidence/facts.ts';

const DAY_MS = 86_400_000;

const ticket = definition({
  criteria: node(
    'and',
    leaf('status', 'equals', 'closed'),
    leaf('customer_satisfaction', 'greater_than', '3'),
  ),
});
const lead = definition({
  outcomeType: 'sales_lead_generated',
  validationMethod: 'crm_integration',
  criteria: leaf('lead_status', 'in', 'qualified', 'contacted'),
  requiredFields: ['email', 'company', 'job_title'],
  minimumQualityScore: parseAmount('0.7'),
  verificationWindowMs: 7 * DAY_MS,
  fallbackAction: 'reject',
});

describe('resolved tickets', () => {
  test.each([
    ['closed', '4', '0.95', 'c1 auto billable confidence_auto'],
    ['closed', '4', '0.9', 'c1 review free confidence_review'],
    ['closed', '4', '0.7', 'c1 review free confidence_review'],
    ['closed', '4', '0.69', 'c1 reject free confidence_low'],
    ['closed', '3', '0.95', 'c1 reject free criteria_not_met'],
    ['closed', '3.5', '0.95', 'c1 auto billable confidence_auto'],
    ['open', '5', '0.99', 'c1 reject free criteria_not_met'],
  ])('%s with satisfaction %s at confidence %s: %s', (status, satisfaction, confidence, decision) => {
    const world = outcomeWorld();
    ticket(world);
    claim()(world);
    const fields = { status, customer_satisfaction: satisfaction };
    expect(readable(verification(confidence, { fields })(world))).toEqual([decision]);
  });

  test('that nobody verified within 24 hours are charged at the base rate', () => {
    const world = outcomeWorld();
    ticket(world);
    claim()(world);
    expect(readable(tick('2026-03-11T11:59:59.999Z')(world))).toEqual([]);
    expect(readable(tick('2026-03-11T12:00:00Z')(world))).toEqual(['c1 auto billable verification_timeout']);
  });
});

describe('generated leads', () => {
  const complete = { lead_status: 'qualified', email: 'a@b.example', company: 'B', job_title: 'CFO' };
  test.each([
    ['complete and good', complete, '0.8', 'c1 auto billable confidence_auto'],
    ['of just enough quality', complete, '0.7', 'c1 auto billable confidence_auto'],
    ['of too little quality', complete, '0.69', 'c1 reject free quality_below_minimum'],
    ['contacted', { ...complete, lead_status: 'contacted' }, '0.8', 'c1 auto billable confidence_auto'],
    ['new', { ...complete, lead_status: 'new' }, '0.8', 'c1 reject free criteria_not_met'],
    ['without a title', { ...complete, job_title: '' }, '0.8', 'c1 reject free required_field_missing'],
  ])('%s', (_name, fields, quality, decision) => {
    const world = outcomeWorld();
    lead(world);
    claim('c1', { outcomeType: 'sales_lead_generated' })(world);
    const answers = verification('0.95', { fields, qualityScore: parseAmount(quality) })(world);
    expect(readable(answers)).toEqual([decision]);
  });

  test('that nobody verified within 7 days are not billed', () => {
    const world = outcomeWorld();
    lead(world);
    claim('c1', { outcomeType: 'sales_lead_generated' })(world);
    expect(readable(tick('2026-03-17T12:00:00Z')(world))).toEqual(['c1 reject free verification_timeout']);
  });
});
