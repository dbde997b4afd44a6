package schemas

import (
	"context"
	"net/http"

	"github.com/twmb/franz-go/pkg/sr"
)

// RegisterAvro registers a schema that is none of ours under a subject and
// returns its id, which it keeps when it is registered again. Errors are those
// of Register.
func (r *Registry) RegisterAvro(ctx context.Context, subject, schema string) (id uint32, err error) {
	var answer struct {
		ID int `json:"id"`
	}
	err = r.call(ctx, question{"registering a schema under " + subject, true}, func(cl *sr.Client) error {
		answer.ID = 0
		s := sr.Schema{Schema: schema, Type: sr.TypeAvro}
		if err := cl.Do(ctx, http.MethodPost, subjectPath(subject)+"/versions", s, &answer); err != nil {
			return err
		}
		if answer.ID <= 0 {
			return errNoSchema
		}
		return nil
	})
	return uint32(answer.ID), err
}
