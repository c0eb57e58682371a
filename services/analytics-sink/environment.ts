/** The sink's settings, read from the environment by `main.ts`; all problems are reported at once. */
import { z } from 'zod';
import { SINK_LIMITS, type SinkLimits } from './sink.ts';

const Environment = z.object({
  KAFKA_BROKERS: z.string().min(1),
  SCHEMA_REGISTRY_URL: z.url(),
  CLICKHOUSE_URL: z.url(),
  CLICKHOUSE_USER: z.string().min(1),
  CLICKHOUSE_PASSWORD: z.string(),
  CLICKHOUSE_DATABASE: z.string().min(1).default('default'),
  LEDGER_SINK_LINGER_MS: z.coerce.number().int().min(1).max(60_000).optional(),
  LEDGER_SINK_BLOCK_ROWS: z.coerce.number().int().min(1).max(1_000_000).optional(),
  LOG_LEVEL: z.enum(['debug', 'info', 'warn', 'error']).default('info'),
});

export type SinkEnvironment = z.infer<typeof Environment>;

export function parseEnvironment(env: unknown): SinkEnvironment {
  const parsed = Environment.safeParse(env);
  if (parsed.success) return parsed.data;
  const problems = parsed.error.issues.map((issue) => `${issue.path.join('.')}: ${issue.message}`);
  throw new Error(`the environment is not usable: ${problems.join('; ')}`);
}

export function limitsOf(env: SinkEnvironment): SinkLimits {
  return {
    ...SINK_LIMITS,
    lingerMs: env.LEDGER_SINK_LINGER_MS ?? SINK_LIMITS.lingerMs,
    blockRowsMax: env.LEDGER_SINK_BLOCK_ROWS ?? SINK_LIMITS.blockRowsMax,
  };
}
