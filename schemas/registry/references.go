package registry

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"

	"github.com/twmb/franz-go/pkg/sr"

	"github.com/tracklayer/amazon-capi/schemas/avro"
)

// maxReferences bounds how many schemas one may refer to, over all levels.
const maxReferences = 100

// referenceWalk collects the texts of the schemas that one refers to, deepest
// first, each once.
type referenceWalk struct {
	registry *Client
	op       string
	seen     map[string]bool
	texts    []string
	bytes    int // of them, and of the schema itself
}

// add follows references, which name subjects of the context unless they name another.
func (w *referenceWalk) add(ctx context.Context, in string, refs []sr.SchemaReference) error {
	for _, ref := range refs {
		if contextOf(ref.Subject) == "" {
			ref.Subject = in + ref.Subject
		}
		path := fmt.Sprintf("/subjects/%s/versions/%d", url.PathEscape(ref.Subject), ref.Version)
		if w.seen[path] {
			continue
		}
		w.seen[path] = true
		if len(w.seen) > maxReferences {
			return &avro.SchemaError{Message: fmt.Sprintf("the schema refers to more than %d others", maxReferences)}
		}
		var a schemaAnswer
		// Deleted versions too: new writers no longer use them, but older records must
		// still be read.
		err := w.registry.schema(sr.WithParams(ctx, sr.ShowDeleted), question{op: w.op + " and what it refers to"}, path, &a,
			func(ctx context.Context, cl *sr.Client) error {
				err := a.checkVersion(ref.Subject, ref.Version)
				if errors.Is(err, errOtherSubject) && a.isOf(aliasOf(ctx, cl, ref.Subject)) {
					return nil
				}
				return err
			})
		if missing(err) {
			return &avro.SchemaError{Message: "the schema refers to one that the schema registry does not have"}
		}
		if err != nil {
			return err
		}
		if w.bytes += len(a.Schema); w.bytes > avro.MaxBytes {
			return &avro.SchemaError{Message: fmt.Sprintf("the schema has more than %d bytes with those it refers to", avro.MaxBytes)}
		}
		if err := w.add(ctx, contextOf(ref.Subject), a.References); err != nil {
			return err
		}
		w.texts = append(w.texts, a.Schema)
	}
	return nil
}

// aliasOf returns the subject that another one is configured to be a name of, or "" if an
// endpoint says of none. Confluent's registries have such names, and answer questions by
// them with the subject itself.
func aliasOf(ctx context.Context, cl *sr.Client, subject string) string {
	var config struct {
		Alias string `json:"alias"`
	}
	if err := cl.Do(ctx, http.MethodGet, "/config/"+url.PathEscape(subject), nil, &config); err != nil {
		return "" // not every registry has it, or lets readers see it
	}
	return config.Alias
}
