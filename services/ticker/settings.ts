/** What the ticker reads from its environment; everything that is wrong with it is told at once. */
import { z } from 'zod';

const INTERVAL_MS_MIN = 10;
const INTERVAL_MS_MAX = 3_600_000;

const Environment = z.object({
  KAFKA_BROKERS: z.string().min(1),
  SCHEMA_REGISTRY_URL: z.url(),
  TICK_INTERVAL_MS: z.coerce.number().int().min(INTERVAL_MS_MIN).max(INTERVAL_MS_MAX).default(1_000),
  LOG_LEVEL: z.enum(['debug', 'info', 'warn', 'error']).default('info'),
});

export type TickerSettings = z.infer<typeof Environment>;

export function parseTickerSettings(env: unknown): TickerSettings {
  const parsed = Environment.safeParse(env);
  if (parsed.success) return parsed.data;
  const problems = parsed.error.issues.map((issue) => `${issue.path.join('.')}: ${issue.message}`);
  throw new Error(`the environment is not usable: ${problems.join('; ')}`);
}
