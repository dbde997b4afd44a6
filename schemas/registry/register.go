package registry

import (
	"context"
	"net/http"

	"github.com/twmb/franz-go/pkg/sr"
)

// SchemaID returns the id that a schema has under a subject, and 0 when it is not
// registered there. It changes nothing; what names the schema in errors. The error
// is a *AwayError when the registry is away.
func (r *Client) SchemaID(ctx context.Context, what, subject, schema string) (id uint32, err error) {
	if r.GlueAlone() {
		return 0, errNoIDs(what)
	}
	subject = r.qualified(subject)
	var found sr.SubjectSchema
	err = r.call(ctx, question{op: what + " under " + subject, submits: true}, func(ctx context.Context, cl *sr.Client) (err error) {
		found, err = cl.LookupSchema(ctx, subject, avroSchema(schema))
		if err == nil && found.ID <= 0 {
			err = errNoSchema
		}
		return err
	})
	if missing(err) {
		return 0, nil
	}
	return uint32(found.ID), err
}

// RegisterAvro registers one schema under a subject and returns its id, which it
// keeps when it is registered again. Errors are those of Register.
func (r *Client) RegisterAvro(ctx context.Context, subject, schema string) (id uint32, err error) {
	if r.GlueAlone() {
		return 0, errNoIDs("registering a schema under " + subject)
	}
	subject = r.qualified(subject)
	var answer struct {
		ID int `json:"id"`
	}
	err = r.call(ctx, question{op: "registering a schema under " + subject, submits: true}, func(ctx context.Context, cl *sr.Client) error {
		answer.ID = 0
		if err := cl.Do(ctx, http.MethodPost, subjectPath(subject)+"/versions", avroSchema(schema), &answer); err != nil {
			return err
		}
		if answer.ID <= 0 {
			return errNoSchema
		}
		return nil
	})
	return uint32(answer.ID), err
}
