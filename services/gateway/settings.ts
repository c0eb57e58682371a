/** What the gateway reads from its environment; everything that is wrong with it is told at once. */
import { z } from 'zod';

const SECRET_LENGTH_MIN = 16;

const port = z.coerce.number().int().min(0).max(65_535);

const Environment = z.object({
  KAFKA_BROKERS: z.string().min(1),
  SCHEMA_REGISTRY_URL: z.url(),
  GATEWAY_HOST: z.string().min(1).default('127.0.0.1'),
  GATEWAY_PORT: port.default(8080),
  GATEWAY_API_KEYS: z
    .string()
    .transform((keys) => keys.split(',').map((key) => key.trim()))
    .refine((keys) => keys.every((key) => key.length >= SECRET_LENGTH_MIN && !/\s/.test(key)), {
      message: `keys are separated by commas and have at least ${SECRET_LENGTH_MIN} characters each`,
    }),
  PAYMENT_WEBHOOK_SECRET: z.string().min(SECRET_LENGTH_MIN),
  LOG_LEVEL: z.enum(['debug', 'info', 'warn', 'error']).default('info'),
});

export type GatewaySettings = z.infer<typeof Environment>;

export function parseGatewaySettings(env: unknown): GatewaySettings {
  const parsed = Environment.safeParse(env);
  if (parsed.success) return parsed.data;
  const problems = parsed.error.issues.map((issue) => `${issue.path.join('.')}: ${issue.message}`);
  throw new Error(`the environment is not usable: ${problems.join('; ')}`);
}
