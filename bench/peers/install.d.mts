type Log = (line: string) => void;
export function ensureNode24(log?: Log): Promise<string>;
export function ensureLibrdkafka(log?: Log): Promise<string>;
export function ensureLimits(log?: Log): Promise<{ librdkafka: string; rdkafkaPerformance: string }>;
export function ensureAiokafka(log?: Log): Promise<string>;
export function ensurePeers(
  node: string,
  major: string,
  log?: Log,
  wanted?: (client: string) => boolean,
): Promise<{ directory: string; missing: Record<string, string> }>;
