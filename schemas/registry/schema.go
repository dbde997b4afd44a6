package registry

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/twmb/franz-go/pkg/sr"

	"github.com/tracklayer/amazon-capi/schemas/avro"
	"github.com/tracklayer/amazon-capi/schemas/framing"
)

// SchemaByID returns the schema of an id with everything it refers to.
func (r *Client) SchemaByID(ctx context.Context, id uint32) (avro.Schema, error) {
	return r.SchemaOf(ctx, framing.RefID(id))
}

// SchemaOf returns the schema that a record names, with everything it refers to. The
// error is a *avro.SchemaError if there is none or it cannot be read, and a *AwayError if
// that cannot be known now.
func (r *Client) SchemaOf(ctx context.Context, ref framing.Ref) (s avro.Schema, err error) {
	if ref.Kind != framing.GlueVersion && r.GlueAlone() {
		return s, noRegistry()
	}
	switch ref.Kind {
	case framing.GlueVersion:
		s, err = r.glueVersion(ctx, ref)
	case framing.ApicurioGlobalID, framing.ApicurioContentID:
		s, err = r.apicurioSchema(ctx, ref)
	case framing.GUID:
		s, err = r.schemaAt(ctx, ref, question{op: ref.String(), guid: true}, "/schemas/guids/"+ref.UUID())
	default:
		s, err = r.schemaAt(ctx, ref, question{op: ref.String()}, fmt.Sprintf("/schemas/ids/%d", ref.Number()))
	}
	if missing(err) {
		err = &avro.SchemaError{Unknown: true, Message: "the schema registry has no schema of this name"}
	}
	// So that the error of an id says which.
	if bad, ok := errors.AsType[*avro.SchemaError](err); ok && ref.Kind == framing.ID {
		bad.ID = uint32(ref.Number())
	}
	return s, err
}

// schemaAnswer is a schema as the registry gives it. sr has a type for it too,
// which fails on schema types it does not know; those are an answer.
type schemaAnswer struct {
	ID         optional[int64]      `json:"id"`
	GUID       optional[string]     `json:"guid"`
	Subject    string               `json:"subject"`
	Version    optional[int]        `json:"version"`
	Schema     string               `json:"schema"`
	SchemaType string               `json:"schemaType"`
	References []sr.SchemaReference `json:"references"`
}

func (r *Client) schemaAt(ctx context.Context, ref framing.Ref, q question, path string) (avro.Schema, error) {
	var a schemaAnswer
	in := ctx
	if r.context != "" && !q.guid { // a GUID is the same in all contexts
		in = sr.InContext(ctx, strings.Trim(r.context, ":"))
	}
	if err := r.schema(in, q, path, &a, func(context.Context, *sr.Client) error { return a.checkName(ref) }); err != nil {
		return avro.Schema{}, err
	}
	within := r.context
	if a.Subject != "" {
		within = contextOf(a.Subject)
	}
	s := avro.Schema{Type: a.SchemaType, Text: a.Schema}
	refs := referenceWalk{registry: r, op: q.op, seen: make(map[string]bool), bytes: len(a.Schema)}
	if err := refs.add(ctx, within, a.References); err != nil {
		return avro.Schema{}, err
	}
	s.References = refs.texts
	return s, nil
}

// schema asks for a schema and accepts no answer without one, or about another: {} from a
// server that is not a registry must not pass for a schema that cannot be read.
func (r *Client) schema(ctx context.Context, q question, path string, a *schemaAnswer, check ask) error {
	err := r.call(ctx, q, func(ctx context.Context, cl *sr.Client) error {
		*a = schemaAnswer{}
		if err := cl.Do(ctx, http.MethodGet, path, nil, a); err != nil {
			return err
		}
		if a.Schema == "" {
			return errNoSchema
		}
		err := check(ctx, cl)
		if errors.Is(err, errOtherSubject) {
			// Once for all that a schema refers to; a good answer about one of them says
			// nothing about the others.
			err = r.doubts.check(q.op, err, time.Now())
		}
		if err != nil {
			return err
		}
		if err := a.checkText(); err != nil {
			return r.doubts.check(path, err, time.Now())
		}
		r.doubts.end(path)
		return nil
	})
	return tooLarge(err)
}

// tooLarge turns an answer that is too large into an error of the schema. It would be as
// large next time: holding its records would block their partition forever.
func tooLarge(err error) error {
	if errors.Is(err, errLargeSchema) {
		return &avro.SchemaError{Message: fmt.Sprintf("the schema registry's answer has more than %d MB", maxRegistryAnswer>>20)}
	}
	return err
}

// apicurioSchema asks for an id of Apicurio's. The Confluent-compatible API has one kind
// of them as its ids, and which one is a setting of the registry; so a registry that is
// Apicurio by its URL is asked in its own API, which has both. The answer contains what a
// schema refers to.
func (r *Client) apicurioSchema(ctx context.Context, ref framing.Ref) (avro.Schema, error) {
	if !r.apicurio() {
		return r.schemaAt(ctx, ref, question{op: ref.String()}, fmt.Sprintf("/schemas/ids/%d", ref.Number()))
	}
	ids := "globalIds"
	if ref.Kind == framing.ApicurioContentID {
		ids = "contentIds"
	}
	var text json.RawMessage
	ctx = context.WithValue(ctx, dereference{}, true)
	err := r.call(ctx, question{op: ref.String(), apicurio: true}, func(ctx context.Context, cl *sr.Client) error {
		text = nil
		return cl.Do(ctx, http.MethodGet, fmt.Sprintf("../../registry/v2/ids/%s/%d", ids, ref.Number()), nil, &text)
	})
	if err = tooLarge(err); err != nil {
		return avro.Schema{}, err
	}
	return avro.Schema{Type: "AVRO", Text: string(text)}, nil
}
