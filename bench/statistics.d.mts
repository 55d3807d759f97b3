export function quantile(values: readonly number[], share: number): number;
export function summary(values: readonly number[]): { p50: number; p99: number; max: number };
export function median(values: readonly number[]): number;
