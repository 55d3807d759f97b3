// How the bytes of a message pass by deserialisers and serialisers unchanged, for code that puts messages aside (dead letters).

/** The method of a message that gives it as it arrived. Each copy of the package has its own. */
export const asArrived = Symbol('asArrived');

/** Of a message to send: its key and its value are the bytes, whatever serialiser the producer has. */
export const sentAsBytes = Symbol('sentAsBytes');
