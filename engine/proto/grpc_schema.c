#include "proto/grpc_schema.h"

#include "base/nearest.h"
#include "proto/pb_wire.h"

#include <google/protobuf/descriptor.pb-c.h>
#include <stdio.h>
#include <stdlib.h>

#define NESTED_MAX 32u /* messages within messages */
#define SHOWN_MAX  300 /* bytes of a list of names */

/* A type of the generated code. */
#define PB(type) struct Google__Protobuf__##type

/* A message or an enum, and what it is made from. */
struct symbol {
	const char *name;
	bool proto3;
	struct schema_message *message;
	struct schema_enum *enumeration;
	const PB(DescriptorProto) * message_from;
	const PB(EnumDescriptorProto) * enum_from;
};

struct symbols {
	struct symbol *of; /* by name, once all are known */
	size_t count, room;
};

struct grpc_schema {
	PB(FileDescriptorSet) * set; /* owns most names */
	struct symbols symbols;
	struct schema_method *methods;
	size_t method_count;
};

static int no_memory(struct err *err)
{
	return err_set(err, ERR_RUNTIME, "no memory for the descriptors of messages");
}

/* --- names ------------------------------------------------------------------------------- */

static char *join(const char *scope, const char *name)
{
	char *whole;
	int len = asprintf(&whole, "%s%s%s", scope, *scope ? "." : "", name ? name : "");
	return len < 0 ? NULL : whole;
}

static struct symbol *add_symbol(struct symbols *s, const struct symbol *from)
{
	if (s->count == s->room) {
		size_t room = s->room ? s->room * 2 : 64;
		struct symbol *of = realloc(s->of, room * sizeof *of);
		if (!of)
			return NULL;
		s->of = of;
		s->room = room;
	}
	s->of[s->count] = *from;
	return &s->of[s->count++];
}

static int add_enum(struct symbols *s, const char *scope, bool proto3,
		    const PB(EnumDescriptorProto) * from, struct err *err)
{
	struct schema_enum *e = calloc(1, sizeof *e);
	if (!e)
		return no_memory(err);
	e->name = join(scope, from->name);
	struct symbol symbol = {
		.name = e->name, .proto3 = proto3, .enumeration = e, .enum_from = from};
	if (e->name && add_symbol(s, &symbol))
		return 0;
	free(e->name);
	free(e);
	return no_memory(err);
}

static int add_message(struct symbols *s, const char *scope, bool proto3,
		       const PB(DescriptorProto) * from, struct err *err)
{
	struct schema_message *m = calloc(1, sizeof *m);
	if (!m)
		return no_memory(err);
	m->name = join(scope, from->name);
	struct symbol symbol = {
		.name = m->name, .proto3 = proto3, .message = m, .message_from = from};
	if (!m->name || !add_symbol(s, &symbol)) {
		free(m->name);
		free(m);
		return no_memory(err);
	}
	for (size_t i = 0; i < from->n_nested_type; i++)
		if (add_message(s, m->name, proto3, from->nested_type[i], err))
			return -1;
	for (size_t i = 0; i < from->n_enum_type; i++)
		if (add_enum(s, m->name, proto3, from->enum_type[i], err))
			return -1;
	return 0;
}

static int add_file(struct symbols *s, const PB(FileDescriptorProto) * from, struct err *err)
{
	const char *scope = from->package ? from->package : "";
	bool proto3 = from->syntax && !strcmp(from->syntax, "proto3");
	for (size_t i = 0; i < from->n_message_type; i++)
		if (add_message(s, scope, proto3, from->message_type[i], err))
			return -1;
	for (size_t i = 0; i < from->n_enum_type; i++)
		if (add_enum(s, scope, proto3, from->enum_type[i], err))
			return -1;
	return 0;
}

static int by_name(const void *a, const void *b)
{
	return strcmp(((const struct symbol *)a)->name, ((const struct symbol *)b)->name);
}

static const struct symbol *find(const struct grpc_schema *s, const char *name)
{
	const struct symbol key = {.name = name};
	return s->symbols.count
		       ? bsearch(&key, s->symbols.of, s->symbols.count, sizeof key, by_name)
		       : NULL;
}

/* protoc writes names out, from the root on. */
static const struct symbol *resolve(const struct grpc_schema *s, const char *name)
{
	return name && name[0] == '.' ? find(s, name + 1) : NULL;
}

/* --- fields ------------------------------------------------------------------------------ */

static bool may_pack(enum schema_type type)
{
	return type != SCHEMA_STRING && type != SCHEMA_BYTES && type != SCHEMA_MESSAGE &&
	       type != SCHEMA_GROUP;
}

static bool is_packed(const PB(FieldDescriptorProto) * from, bool proto3)
{
	if (!may_pack((enum schema_type)from->type))
		return false;
	return from->options && from->options->has_packed ? from->options->packed : proto3;
}

static int not_whole(struct err *err, const char *in, const char *field, const char *type)
{
	err_set(err, ERR_USAGE, "the descriptors are not whole: %.100s.%.60s is of type %.100s", in,
		field ? field : "",
		type && type[0] == '.' ? type + 1
		: type                 ? type
				       : "(none)");
	return err_hint(err, "protoc --include_imports puts every type into the set");
}

static int fill_field(const struct grpc_schema *s, const struct symbol *in,
		      const PB(FieldDescriptorProto) * from, struct schema_field *f,
		      struct err *err)
{
	bool repeated =
		from->label == GOOGLE__PROTOBUF__FIELD_DESCRIPTOR_PROTO__LABEL__LABEL_REPEATED;
	*f = (struct schema_field){
		.name = from->name,
		.json_name = from->json_name ? from->json_name : from->name,
		.number = (uint32_t)from->number,
		.type = (enum schema_type)from->type,
		.repeated = repeated,
		.required = from->label ==
			    GOOGLE__PROTOBUF__FIELD_DESCRIPTOR_PROTO__LABEL__LABEL_REQUIRED,
		.packed = repeated && is_packed(from, in->proto3),
		.oneof = from->has_oneof_index ? from->oneof_index : -1,
	};
	f->explicit = !in->proto3 || f->oneof >= 0;
	if (!from->name || from->number < 1 || from->number > 0x1fffffff ||
	    f->type < SCHEMA_DOUBLE || f->type > SCHEMA_SINT64)
		return not_whole(err, in->name, from->name, from->type_name);
	const struct symbol *type = resolve(s, from->type_name);
	bool message = f->type == SCHEMA_MESSAGE || f->type == SCHEMA_GROUP;
	f->message = message && type ? type->message : NULL;
	f->enumeration = f->type == SCHEMA_ENUM && type ? type->enumeration : NULL;
	if ((message && !f->message) || (f->type == SCHEMA_ENUM && !f->enumeration))
		return not_whole(err, in->name, f->name, from->type_name);
	return 0;
}

static int by_number(const void *a, const void *b)
{
	uint32_t x = ((const struct schema_field *)a)->number;
	uint32_t y = ((const struct schema_field *)b)->number;
	return (x > y) - (x < y);
}

/* An entry is made by protoc: anything else that says so is a lie. */
static bool is_entry(const struct schema_message *m)
{
	return m->count == 2 && m->fields[0].number == 1 && m->fields[1].number == 2 &&
	       !m->fields[0].repeated && !m->fields[1].repeated &&
	       m->fields[0].type != SCHEMA_MESSAGE && m->fields[0].type != SCHEMA_GROUP &&
	       m->fields[0].type != SCHEMA_ENUM && m->fields[0].type != SCHEMA_BYTES &&
	       m->fields[0].type != SCHEMA_FLOAT && m->fields[0].type != SCHEMA_DOUBLE;
}

static int fill_message(const struct grpc_schema *s, const struct symbol *in, struct err *err)
{
	struct schema_message *m = in->message;
	const PB(DescriptorProto) *from = in->message_from;
	m->fields = calloc(from->n_field + 1, sizeof *m->fields);
	if (!m->fields)
		return no_memory(err);
	for (; m->count < from->n_field; m->count++)
		if (fill_field(s, in, from->field[m->count], &m->fields[m->count], err))
			return -1;
	qsort(m->fields, m->count, sizeof *m->fields, by_number);
	m->map_entry = from->options && from->options->map_entry && is_entry(m);
	return 0;
}

static int fill_enum(const struct symbol *in, struct err *err)
{
	struct schema_enum *e = in->enumeration;
	const PB(EnumDescriptorProto) *from = in->enum_from;
	e->open = in->proto3;
	e->values = calloc(from->n_value + 1, sizeof *e->values);
	if (!e->values)
		return no_memory(err);
	for (; e->count < from->n_value; e->count++)
		e->values[e->count] = (struct schema_value){
			from->value[e->count]->name ? from->value[e->count]->name : "",
			from->value[e->count]->number};
	return 0;
}

/* --- methods ----------------------------------------------------------------------------- */

static int add_method(struct grpc_schema *s, const char *scope,
		      const PB(ServiceDescriptorProto) * service,
		      const PB(MethodDescriptorProto) * from, struct err *err)
{
	struct schema_method *m = &s->methods[s->method_count];
	const struct symbol *input = resolve(s, from->input_type);
	const struct symbol *output = resolve(s, from->output_type);
	const char *name = service->name ? service->name : "";
	if (!from->name || !input || !input->message || !output || !output->message)
		return not_whole(err, name, from->name,
				 input ? from->output_type : from->input_type);
	*m = (struct schema_method){
		.service = join(scope, name),
		.name = from->name,
		.client_streams = from->client_streaming,
		.server_streams = from->server_streaming,
		.input = input->message,
		.output = output->message,
	};
	if (!m->service)
		return no_memory(err);
	s->method_count++;
	return 0;
}

static int add_methods(struct grpc_schema *s, struct err *err)
{
	size_t most = 0;
	for (size_t i = 0; i < s->set->n_file; i++)
		for (size_t j = 0; j < s->set->file[i]->n_service; j++)
			most += s->set->file[i]->service[j]->n_method;
	s->methods = calloc(most + 1, sizeof *s->methods);
	if (!s->methods)
		return no_memory(err);
	for (size_t i = 0; i < s->set->n_file; i++) {
		const PB(FileDescriptorProto) *file = s->set->file[i];
		for (size_t j = 0; j < file->n_service; j++)
			for (size_t k = 0; k < file->service[j]->n_method; k++)
				if (add_method(s, file->package ? file->package : "",
					       file->service[j], file->service[j]->method[k], err))
					return -1;
	}
	return 0;
}

/* --- making one -------------------------------------------------------------------------- */

/* The library reads messages within messages by recursion: how deep is looked at first. `field`:
 * where messages are in what is looked at: those of a file, or those of a message. */
static bool is_shallow(struct span in, uint32_t field, unsigned left)
{
	struct pb_field f;
	enum pb_taken taken;
	while ((taken = pb_take(&in, &f)) == PB_FIELD) {
		uint32_t next = field == 1 ? 4 : 3;
		if (f.number == field && f.wire == PB_LEN &&
		    (!left || !is_shallow(f.bytes, next, left - 1)))
			return false;
	}
	return taken == PB_END;
}

static int fill(struct grpc_schema *s, struct err *err)
{
	for (size_t i = 0; i < s->set->n_file; i++)
		if (add_file(&s->symbols, s->set->file[i], err))
			return -1;
	if (s->symbols.count)
		qsort(s->symbols.of, s->symbols.count, sizeof *s->symbols.of, by_name);
	for (size_t i = 0; i < s->symbols.count; i++) {
		const struct symbol *symbol = &s->symbols.of[i];
		if (symbol->message ? fill_message(s, symbol, err) : fill_enum(symbol, err))
			return -1;
	}
	return add_methods(s, err);
}

int grpc_schema_new(struct grpc_schema **ret, struct span set, struct err *err)
{
	struct grpc_schema *s = calloc(1, sizeof *s);
	if (!s)
		return no_memory(err);
	if (is_shallow(set, 1, NESTED_MAX))
		s->set = google__protobuf__file_descriptor_set__unpack(NULL, set.len,
								       (const uint8_t *)set.ptr);
	if (!s->set) {
		err_set(err, ERR_USAGE, "it is not a descriptor set");
		err_hint(err, "protoc --include_imports --descriptor_set_out=FILE X.proto "
			      "writes one");
	}
	if (!s->set || fill(s, err)) {
		grpc_schema_free(s);
		return -1;
	}
	*ret = s;
	return 0;
}

void grpc_schema_free(struct grpc_schema *s)
{
	if (!s)
		return;
	for (size_t i = 0; i < s->symbols.count; i++) {
		struct symbol *symbol = &s->symbols.of[i];
		if (symbol->message) {
			free(symbol->message->name);
			free(symbol->message->fields);
		} else {
			free(symbol->enumeration->name);
			free(symbol->enumeration->values);
		}
		free(symbol->message);
		free(symbol->enumeration);
	}
	free(s->symbols.of);
	for (size_t i = 0; i < s->method_count; i++)
		free(s->methods[i].service);
	free(s->methods);
	if (s->set)
		google__protobuf__file_descriptor_set__free_unpacked(s->set, NULL);
	free(s);
}

/* --- looking ----------------------------------------------------------------------------- */

const struct schema_message *grpc_schema_message(const struct grpc_schema *s, const char *name)
{
	const struct symbol *symbol = find(s, name);
	return symbol ? symbol->message : NULL;
}

/* The names of a service's methods, or of all services: as many as fit. */
static void list(const struct grpc_schema *s, const char *service, char *out, size_t size)
{
	size_t len = 0;
	out[0] = '\0';
	for (size_t i = 0; i < s->method_count && len + 1 < size; i++) {
		const struct schema_method *m = &s->methods[i];
		bool again = i && !strcmp(s->methods[i - 1].service, m->service);
		if (service ? strcmp(service, m->service) != 0 : again)
			continue;
		len += (size_t)snprintf(out + len, size - len, "%s%s", len ? ", " : "",
					service ? m->name : m->service);
	}
}

static int unknown_method(const struct grpc_schema *s, const char *service, const char *method,
			  struct err *err)
{
	char names[SHOWN_MAX];
	struct nearest near = {.wanted = method};
	for (size_t i = 0; i < s->method_count; i++)
		if (!strcmp(s->methods[i].service, service))
			nearest_offer(&near, s->methods[i].name);
	list(s, service, names, sizeof names);
	err_set(err, ERR_USAGE, "service %.100s has no method %.100s", service, method);
	return near.found ? err_hint(err, "did you mean %.100s/%.100s?", service, near.found)
			  : err_hint(err, "its methods: %s", names);
}

static int unknown_service(const struct grpc_schema *s, const char *service, struct err *err)
{
	char names[SHOWN_MAX];
	struct nearest near = {.wanted = service};
	for (size_t i = 0; i < s->method_count; i++)
		nearest_offer(&near, s->methods[i].service);
	list(s, NULL, names, sizeof names);
	err_set(err, ERR_USAGE, "there is no service %.100s", service);
	if (near.found)
		return err_hint(err, "did you mean %.100s?", near.found);
	return err_hint(err, "there is %s", names[0] ? names : "no service at all");
}

const struct schema_method *grpc_schema_method(const struct grpc_schema *s, const char *name,
					       struct err *err)
{
	char service[256];
	const char *slash = strrchr(name, '/');
	if (!slash)
		slash = strrchr(name, '.');
	if (!slash || slash == name || !slash[1] || (size_t)(slash - name) >= sizeof service) {
		err_set(err, ERR_USAGE, "\"%.100s\" is not a method", name);
		err_hint(err, "a service with its package, and a method: pkg.Service/Method");
		return NULL;
	}
	snprintf(service, sizeof service, "%.*s", (int)(slash - name), name);
	bool known = false;
	for (size_t i = 0; i < s->method_count; i++) {
		if (strcmp(s->methods[i].service, service) != 0)
			continue;
		known = true;
		if (!strcmp(s->methods[i].name, slash + 1))
			return &s->methods[i];
	}
	if (known)
		unknown_method(s, service, slash + 1, err);
	else
		unknown_service(s, service, err);
	return NULL;
}
