package registry

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/tracklayer/amazon-capi/internal/setting"
	"github.com/tracklayer/amazon-capi/schemas/avro"
	"github.com/tracklayer/amazon-capi/schemas/framing"
)

// A client without a URL has only Glue. It then looks up and registers in Glue what it
// would ask a Confluent-compatible registry for.

// Versions is AWS Glue, which knows schemas by the UUID of a version.
type Versions interface {
	// SchemaVersion returns the version of that UUID. Its errors are those of SchemaOf.
	SchemaVersion(ctx context.Context, uuid string) (avro.Schema, error)
	// VersionOf returns the UUID that a schema has under a name, empty if it is not
	// registered there.
	VersionOf(ctx context.Context, name, schema string) (uuid string, err error)
	// RegisterVersion registers an Avro schema under a name and returns the version's
	// UUID, which it keeps when it is registered again.
	RegisterVersion(ctx context.Context, name, schema string) (uuid string, err error)
	// Compatibility returns what a name demands of new versions, and whether there is
	// such a name.
	Compatibility(ctx context.Context, name string) (level string, exists bool, err error)
}

// GlueAlone reports whether there is Glue and no other registry.
func (r *Client) GlueAlone() bool { return len(r.endpoints) == 0 }

// glueName returns Glue's name for the schema of a subject. Glue's own serializers give a
// schema the name of its topic.
func glueName(subject string) string { return strings.TrimSuffix(subject, "-value") }

// Name is what the registry calls the schema of a subject.
func (r *Client) Name(subject string) string {
	if r.GlueAlone() {
		return glueName(subject)
	}
	return r.qualified(subject)
}

// noRegistry is why a name of a Confluent-compatible registry is unknown.
func noRegistry() error {
	return &avro.SchemaError{Unknown: true, Message: "its name is one of a Confluent-compatible registry, and there is Glue alone to ask (" + setting.Registry.String() + ")"}
}

// errNoIDs is the error for what Glue cannot express.
func errNoIDs(op string) error {
	return fmt.Errorf("schema registry: %s: there is Glue alone, which gives schemas no ids (%s)", op, setting.Registry)
}

func (r *Client) glueVersion(ctx context.Context, ref framing.Ref) (avro.Schema, error) {
	if r.glue == nil {
		return avro.Schema{}, &avro.SchemaError{Unknown: true, Message: "the value begins with 0x03 and a UUID as AWS Glue's do, and there is no Glue registry to ask"}
	}
	return r.glue.SchemaVersion(ctx, ref.UUID())
}

// counted counts a request to Glue that came by way of a subject.
func (r *Client) counted(err error) error {
	result := "ok"
	switch {
	case errors.Is(err, ErrAway):
		result = "away"
	case err != nil:
		result = "refused"
	}
	r.requests.WithLabelValues(result).Inc()
	return err
}

// glueRegister is Register with Glue alone.
func (r *Client) glueRegister(ctx context.Context, subject string, versions []string) ([]VersionStatus, error) {
	var done []VersionStatus
	for i, text := range versions {
		uuid, err := r.glue.RegisterVersion(ctx, glueName(subject), text)
		if r.counted(err) != nil {
			return done, err
		}
		done = append(done, VersionStatus{Version: i + 1, Registered: true, Glue: uuid})
	}
	return done, nil
}

// glueCheck is Check with Glue alone. Glue says only while it registers a version whether
// it accepts it.
func (r *Client) glueCheck(ctx context.Context, subject string, versions []string) (SubjectStatus, error) {
	name := glueName(subject)
	res := SubjectStatus{Subject: name}
	var err error
	if res.Level, res.Exists, err = r.glue.Compatibility(ctx, name); r.counted(err) != nil {
		return res, err
	}
	for i, text := range versions {
		st := VersionStatus{Version: i + 1}
		if res.Exists {
			if st.Glue, err = r.glue.VersionOf(ctx, name, text); r.counted(err) != nil {
				return res, err
			}
		}
		st.Registered = st.Glue != ""
		res.Versions = append(res.Versions, st)
	}
	res.Compatible = true
	res.Untold = res.Exists && res.Level != "NONE" && len(versions) > 0 && !res.Versions[len(versions)-1].Registered
	return res, nil
}

// Lookup returns what a schema is called under a subject: an id, or with Glue alone a
// version. The Ref's Kind is None if it is not registered there. It changes nothing; what
// names the schema in errors. The error is a *AwayError when the registry is away.
func (r *Client) Lookup(ctx context.Context, what, subject, schema string) (framing.Ref, error) {
	if !r.GlueAlone() {
		id, err := r.SchemaID(ctx, what, subject, schema)
		if err != nil || id == 0 {
			return framing.Ref{}, err
		}
		return framing.RefID(id), nil
	}
	uuid, err := r.glue.VersionOf(ctx, glueName(subject), schema)
	if r.counted(err) != nil || uuid == "" {
		return framing.Ref{}, err
	}
	return framing.ParseUUID(framing.GlueVersion, uuid)
}

// RegisterRef registers one schema under a subject and returns what it is called, which
// does not change when it is registered again. Errors are those of Register.
func (r *Client) RegisterRef(ctx context.Context, subject, schema string) (framing.Ref, error) {
	if !r.GlueAlone() {
		id, err := r.RegisterAvro(ctx, subject, schema)
		return framing.RefID(id), err
	}
	uuid, err := r.glue.RegisterVersion(ctx, glueName(subject), schema)
	if r.counted(err) != nil {
		return framing.Ref{}, err
	}
	return framing.ParseUUID(framing.GlueVersion, uuid)
}
