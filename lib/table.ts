// The door of `seekafka/table`.

export { type TableChange, type TableMessage, type TableOptions, Table, table } from './table/table.js';
