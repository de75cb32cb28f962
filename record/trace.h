/* SPDX-License-Identifier: MIT
 *
 * The layout of a trace: what is in the file, and in the memory that a recorded program shares with the writer. It is
 * described in mem-trace(5). Numbers are in the machine's order of bytes: that of version_major tells which.
 *
 *   file    [ TraceHeader ][ frame ][ frame ] ... [ index frame ][ TraceEnd ]
 *   frame   [ TraceFrame  ][ content, compressed or not ]
 *
 * A merged trace has events frames: all threads' events in one order, each frame can be read by itself. A raw trace
 * has thread frames: events as the threads wrote them, with stamps by which the reader merges them. A program that was
 * killed leaves a file without an index: the reader then goes from frame to frame. */
#ifndef MEM_RECORD_TRACE_H
#define MEM_RECORD_TRACE_H

#include <stdint.h>

#define TRACE_MAGIC                                                                                \
    "\x8dMEMTRC\n" /* 8 bytes; the first is not ASCII, the last shows a file that went through a text mode */
#define TRACE_END_MAGIC "MEMTREND"

enum {
    TRACE_VERSION_MAJOR = 1, /* readers refuse any other */
    TRACE_VERSION_MINOR = 0  /* readers ignore what they do not know of a later one */
};

typedef struct TraceHeader {
    unsigned char magic[8];
    uint16_t version_major, version_minor;
    uint32_t header_bytes; /* of this structure: where the first frame begins */
    uint64_t start;        /* ns since 1970 of time 0 */
} TraceHeader;

typedef struct TraceEnd {
    uint64_t index; /* where the index frame begins: bytes from the file's beginning */
    unsigned char magic[8];
} TraceEnd;

#define TRACE_FRAME_MAGIC UINT32_C(0x4d46544d) /* "MTFM" */

typedef enum TraceFrameKind {
    TRACE_INFO = 1, /* text, a "key=value" a line: machine, program, arguments, settings */
    TRACE_CALLERS,  /* more nodes of the tree of callers: see below */
    TRACE_EVENTS,   /* merged events, in columns: see below */
    TRACE_THREAD,   /* events of one thread: TraceChunk, then TraceRaw */
    TRACE_INDEX     /* TraceIndex, one for each frame before */
} TraceFrameKind;

enum { TRACE_PLAIN = 0, TRACE_ZSTD = 1 }; /* how content is stored */

typedef struct TraceFrame {
    uint32_t magic;
    uint8_t kind;        /* TraceFrameKind; a reader skips kinds that it does not know */
    uint8_t compression; /* TRACE_PLAIN or TRACE_ZSTD (with its checksum) */
    uint16_t reserved;   /* 0 */
    uint32_t stored; /* bytes of content that follow; the next frame begins at a multiple of 8 */
    uint32_t bytes;  /* of content when it is decompressed: TRACE_FRAME_MAX at most */
    uint64_t first;  /* events in all frames before; in thread frames 0 */
    uint32_t events; /* in this frame */
    uint32_t
        checksum; /* CRC-32 (as zlib's) of the stored bytes; 0 in thread frames of a program that was killed */
} TraceFrame;

enum { TRACE_FRAME_MAX = 16 << 20 };

typedef struct TraceIndex {
    uint64_t offset; /* of the frame in the file */
    uint64_t first;  /* as in the frame */
    uint32_t events;
    uint8_t kind;
    uint8_t reserved[3];
} TraceIndex;

/* ------------------------------------------------------------------------------------------------
 * What one thread writes
 * --------------------------------------------------------------------------------------------- */

/* What happened. The numbers are those of the file. */
typedef enum TraceOp {
    TRACE_ALLOC = 0,   /* malloc() and the like: size, alignment (0: the region's) */
    TRACE_CALLOC,      /* the same, all 0 */
    TRACE_RESIZE,      /* of a block, to a size */
    TRACE_FREE,        /* of a block */
    TRACE_FAILED,      /* an allocation that found no memory: size, alignment */
    TRACE_NOT_RESIZED, /* a resize that found no memory; the block is as it was */
    TRACE_RARE,        /* something else: see TraceRare */
    TRACE_OPS
} TraceOp;

typedef enum TraceRare {
    TRACE_REGION_BEGINS =
        1,              /* a: its size in bytes, b: the bytes of a unit, text: its flags and name */
    TRACE_REGION_ENDS,  /* with all of its blocks */
    TRACE_REGION_RESET, /* all of its blocks are free */
    TRACE_THREAD_BEGINS, /* a: the system's number of the thread, text: its name */
    TRACE_THREAD_ENDS,
    TRACE_LOST, /* a: events that are missing here */
    TRACE_MODULE_LOADED, /* a: its first address, b: bytes, text: "BIAS BUILD-ID PATH", the first two in hex; an
                                address less the bias is that in the file; "-": without a build-id */
    TRACE_MODULE_UNLOADED /* a, b: as above */
} TraceRare;

/* An event as a thread writes it. What has more to tell is followed by records of the kind RAW_MORE. */
typedef struct TraceRaw {
    uint64_t
        stamp; /* of the clock that the chunk names. Before a free took effect, after an allocation did. */
    uint64_t block; /* its address; in RAW_MORE and rare events a word of their own */
    uint64_t size;  /* bytes as asked for; in RAW_MORE and rare events a word of their own */
    /* Bits 0 to 47: the return address; 48 to 51: RawKind; 52 to 57: log2 of the alignment, 0: the region's; 58 to 63:
     * the region's number, 63 at most. */
    uint64_t caller;
} TraceRaw;

typedef enum RawKind {
    RAW_ALLOC,
    RAW_CALLOC,
    RAW_MOVE_FROM, /* a resize begins: block. Stamped as a free. */
    RAW_MOVE_TO,   /* and ends: block and size. Stamped as an allocation. The thread's next one
                      behind RAW_MOVE_FROM, but for rare events and RAW_MORE */
    RAW_FREE,
    RAW_FAILED,
    RAW_NOT_RESIZED, /* in place of RAW_MOVE_TO; the block is where it was, whatever its address here */
    RAW_RARE,        /* block: TraceRare, size: a; what follows in RAW_MORE: b, then text */
    RAW_MORE, /* stamp, block, size: three more words (of frames further out, 0 at the end; or of a rare event),
                        right before the event that they belong to */
    RAW_KINDS
} RawKind;

#define RAW_ADDRESS_BITS 48
#define RAW_KIND_SHIFT 48
#define RAW_ALIGN_SHIFT 52
#define RAW_REGION_SHIFT 58

/* What the content of a thread frame begins with, and each chunk of the shared memory. */
typedef struct TraceChunk {
    uint32_t thread;   /* a number from 0 on, of the recorder's */
    uint32_t clock;    /* TraceClock */
    uint64_t sequence; /* of the thread's chunks: 0, 1, … */
    uint64_t ticks,
        ns; /* the clock when the chunk was begun, and ns since time 0 at the same moment */
    uint64_t
        frequency;  /* ticks of the clock in a second, 0: to be had from two chunks' ticks and ns */
    uint32_t used;  /* bytes of records that follow; written last, by a release store */
    uint32_t state; /* TraceChunkState, in shared memory */
} TraceChunk;

typedef enum TraceClock { TRACE_CLOCK_TSC, TRACE_CLOCK_NS, TRACE_CLOCK_COUNT } TraceClock;

typedef enum TraceChunkState { CHUNK_FREE, CHUNK_IN_USE, CHUNK_FULL } TraceChunkState;

/* ------------------------------------------------------------------------------------------------
 * Merged events
 * --------------------------------------------------------------------------------------------- */

/* The content of an events frame is TRACE_COLUMNS lengths (4 bytes each), and then as many columns: numbers as LEB128,
 * signed ones zigzag. Differences begin anew in each frame.
 *
 *   ops      a byte an event: TraceOp, and flags for what else is told of it
 *   threads  where TRACE_HAS_THREAD: the thread of this event and the next ones; 0 where a frame begins
 *   regions  where TRACE_HAS_REGION: likewise the region
 *   times    where TRACE_HAS_TIME: microseconds since the event before; in a frame's first event since time 0
 *   sizes    allocations and resizes: bytes as asked for
 *   aligns   where TRACE_HAS_ALIGN: log2 of the alignment
 *   blocks   frees and resizes: allocations since that of the block (blocks are numbered as they are allocated, by
 *            TRACE_ALLOC and TRACE_CALLOC, from 0 on)
 *   callers  all but rare events: the number of a node of the tree of callers, as a difference to that of the event before
 *   rare     rare events: TraceRare, a, b, bytes of text, text
 *   base     once: the allocations in all frames before */
enum {
    TRACE_OP_MASK = 0x07,
    TRACE_HAS_TIME = 0x10,
    TRACE_HAS_ALIGN = 0x20,
    TRACE_HAS_REGION = 0x40,
    TRACE_HAS_THREAD = 0x80
};

typedef enum TraceColumn {
    COLUMN_OPS,
    COLUMN_THREADS,
    COLUMN_REGIONS,
    COLUMN_TIMES,
    COLUMN_SIZES,
    COLUMN_ALIGNS,
    COLUMN_BLOCKS,
    COLUMN_CALLERS,
    COLUMN_RARE,
    COLUMN_BASE,
    TRACE_COLUMNS
} TraceColumn;

/* A callers frame: LEB128 pairs, of the node that called this one (0: none is known), and the zigzag difference of the
 * return address to that of the node before. Nodes are numbered from 1 on; node 0 is "unknown". Modules are told by rare
 * events. */

#endif
