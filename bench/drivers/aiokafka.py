"""aiokafka, measured in the tasks of tasks/*.mjs: aiokafka.py consume|seek|latency <job as JSON>. Prints a line of JSON."""

import asyncio
import json
import math
import struct
import sys
import time

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition


def now():
    return time.perf_counter() * 1000


def summary(values):
    values = sorted(values)

    def quantile(share):
        return values[max(0, math.ceil(len(values) * share) - 1)]

    return {"count": len(values), "p50": quantile(0.5), "p99": quantile(0.99), "max": quantile(1)}


def number(value):
    return struct.unpack_from("<I", value)[0]


def peak_mb():
    """Not ru_maxrss: that begins with what the process that started this one had."""
    with open("/proc/self/status") as status:
        return next(int(line.split()[1]) for line in status if line.startswith("VmHWM:")) / 1024


async def consumer_of(job, reset):
    consumer = AIOKafkaConsumer(
        job["topic"], bootstrap_servers=job["servers"], group_id=job["group"], auto_offset_reset=reset
    )
    await consumer.start()
    return consumer


async def consume(job):
    started, cpu = now(), time.process_time()
    consumer = await consumer_of(job, "earliest")
    count = total = 0
    first = None
    while count < job["total"]:
        for messages in (await consumer.getmany(timeout_ms=1000)).values():
            first = first or now()
            for message in messages:
                total += number(message.value)
            count += len(messages)
    last = now()
    cpu = time.process_time() - cpu
    await consumer.stop()
    return {"count": count, "sum": total, "readMs": last - first, "firstMs": first - started, "cpuMs": cpu * 1000}


async def at_end(job):
    consumer = await consumer_of(job, "latest")
    while not consumer.assignment():
        await consumer.getmany(timeout_ms=20)
    for partition in consumer.assignment():
        await consumer.position(partition)
    return consumer


async def seek(job):
    consumer = await at_end(job)
    took = []
    partition = TopicPartition(job["topic"], 0)
    for idle in job["idleMs"]:
        until = now() + idle
        while (left := until - now()) > 0:
            await consumer.getmany(timeout_ms=math.ceil(left))
        called = now()
        await consumer.seek_to_beginning(partition)
        first, last = True, None
        while last != job["total"] - 1:
            for messages in (await consumer.getmany(timeout_ms=1000)).values():
                if first:
                    took.append(now() - called)
                    first = False
                last = number(messages[-1].value)
    await consumer.stop()
    return summary(took)


async def latency(job):
    consumer = await at_end(job)
    producer = AIOKafkaProducer(bootstrap_servers=job["servers"], acks="all", linger_ms=0)
    await producer.start()
    took = []
    probed = asyncio.Event()
    measuring_from = math.inf

    async def read():
        async for message in consumer:
            at = struct.unpack_from("<d", message.value, 8)[0]
            probed.set()
            if at > measuring_from:
                took.append(now() - at)

    reading = asyncio.create_task(read())

    def send():
        value = bytearray(job["bytes"])
        struct.pack_into("<d", value, 8, now())
        return producer.send(job["topic"], bytes(value), partition=0)

    while not probed.is_set():
        await (await send())
        await asyncio.sleep(0.02)
    started, sent = now(), 0
    warm_up = job["warmUpSeconds"] * 1000
    measuring_from = started + warm_up
    pending = set()
    while (elapsed := now() - started) < warm_up + job["seconds"] * 1000:
        while sent < elapsed * job["rate"] / 1000:
            pending.add(await send())
            sent += 1
        pending = {future for future in pending if not future.done()}
        await asyncio.sleep(0.001)
    await asyncio.gather(*pending)
    await asyncio.sleep(0.5)
    reading.cancel()
    await producer.stop()
    await consumer.stop()
    return summary(took)


task, job = sys.argv[1], json.loads(sys.argv[2])
result = asyncio.run({"consume": consume, "seek": seek, "latency": latency}[task](job))
print(json.dumps({**result, "peakMb": peak_mb()}))
