// Programs that must get along with little memory. A sanitizer reserves terabytes of address space before a program begins, so
// under one the limit is left out; what the program does is looked at all the same.

export const underSanitizer = process.env['SEEKAFKA_SANITIZER'] !== undefined;

/** A line of bash: so many kilobytes of address space. */
export const littleMemory = (kilobytes: number): string => (underSanitizer ? 'true' : `ulimit -v ${kilobytes}`);

/** What a sanitizer keeps of freed memory counts too, so that a figure says nothing there. */
export const mostResident = (kilobytes: number): number => (underSanitizer ? Infinity : kilobytes);
