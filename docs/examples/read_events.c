/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * Prints what is in a trace: rows and events of every type that the file describes, known
 * to the library or not.
 * Build: cc read_events.c $(pkg-config --cflags --libs libmmtrace)
 */
#include <inttypes.h>
#include <mmtrace.h>
#include <stdio.h>
#include <string.h>

static void print_enum(const char *names, uint64_t v)
{
	uint64_t i;
	size_t len;

	for (i = 0; i < v && names; i++) {
		names = strchr(names, ',');
		if (names)
			names++;
	}
	len = names ? strcspn(names, ",") : 0;
	if (len)
		printf("%.*s", (int)len, names);
	else
		printf("%" PRIu64, v);
}

static void print_value(const struct mmt_field *f, uint64_t v)
{
	switch (f->fmt) {
	case MMT_FMT_S64:
		printf("%" PRId64, (int64_t)v);
		break;
	case MMT_FMT_HEX:
		printf("0x%" PRIx64, v);
		break;
	case MMT_FMT_ENUM:
		print_enum(f->unit, v);
		break;
	default:
		printf("%" PRIu64, v);
	}
}

static void print_cell(const struct mmt_field *f, const struct mmt_cell *c)
{
	const uint8_t *p = c->p;
	uint64_t v[8];
	uint32_t i;
	int n;

	switch (f->fmt) {
	case MMT_FMT_STR:
		for (i = 0; i < c->len; i++)
			putchar(p[i] < ' ' || p[i] == 0x7f ? '.' : p[i]);
		break;
	case MMT_FMT_VEC:
		n = mmt_vec_unpack(c->p, c->len, v, 8);
		for (i = 0; (int)i < n && i < 8; i++)
			printf("%s%" PRIu64, i ? "," : "", v[i]);
		break;
	case MMT_FMT_HIST:
	case MMT_FMT_BYTES:
		printf("(%" PRIu32 " bytes)", c->len);
		break;
	default:
		print_value(f, c->u);
	}
}

static void print_rows(const struct mmt_rows *rows)
{
	const struct mmt_type *t = rows->type;
	uint32_t i;
	unsigned int f;

	for (i = 0; i < rows->n; i++) {
		printf("%s", t->name);
		for (f = 0; f < t->n_fields; f++) {
			printf(" %s=", t->fields[f].name);
			print_cell(&t->fields[f], &rows->cells[i * t->n_fields + f]);
		}
		putchar('\n');
	}
}

static void print_block(const struct mmt_reader *r, const struct mmt_chunk *c, const struct mmt_block *b)
{
	const uint64_t *arg = b->args;
	uint32_t i;
	unsigned int f;

	for (i = 0; i < b->n; i++) {
		uint64_t key = c->keys[b->sym[i]];
		const struct mmt_type *t = mmt_reader__type(r, (uint16_t)mmt_key_type(key));

		printf("%" PRIu64 " stream=%" PRIu32 " %s", b->time[i], b->stream, t->name);
		for (f = 0; f < t->n_fields; f++) {
			printf(" %s=", t->fields[f].name);
			print_value(&t->fields[f],
				    t->fields[f].role == MMT_ROLE_ARG ? *arg++ : mmt_key_field(t, f, key));
		}
		putchar('\n');
	}
}

int main(int argc, char **argv)
{
	struct mmt_status st = { .sz = sizeof(st) };
	struct mmt_reader *r;
	struct mmt_chunk c;
	uint32_t i;
	int ret;

	if (argc != 2) {
		fprintf(stderr, "usage: read_events FILE\n");
		return 2;
	}
	ret = mmt_reader__open(argv[1], NULL, &r);
	if (ret) {
		fprintf(stderr, "read_events: failed to open %s: %s\n", argv[1], strerror(-ret));
		return 1;
	}
	while ((ret = mmt_reader__next(r, &c)) > 0) {
		for (i = 0; i < c.n_tables; i++)
			print_rows(&c.tables[i]);
		for (i = 0; i < MMT_N_CLASSES; i++)
			if (c.lost[i])
				printf("lost class=%" PRIu32 " count=%" PRIu32 "\n", i, c.lost[i]);
		for (i = 0; i < c.n_blocks; i++)
			print_block(r, &c, &c.blocks[i]);
	}
	if (!ret)
		ret = mmt_reader__status(r, &st);
	if (!ret && st.line[0])
		fprintf(stderr, "read_events: %s: %s\n", argv[1], st.line);
	mmt_reader__close(r);
	if (ret)
		fprintf(stderr, "read_events: failed to read %s: %s\n", argv[1], strerror(-ret));
	return ret ? 1 : 0;
}
