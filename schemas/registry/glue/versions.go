package glue

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/tracklayer/amazon-capi/internal/wait"
	"github.com/tracklayer/amazon-capi/schemas/avro"
	"github.com/tracklayer/amazon-capi/schemas/registry"
)

// version is a version as Glue gives it.
type version struct {
	SchemaVersionID  string `json:"SchemaVersionId"`
	SchemaDefinition string
	DataFormat       string
	Status           string
}

// SchemaVersion returns the version of that UUID. The error is a *avro.SchemaError if
// there is none or it cannot be read, and a *registry.AwayError if that cannot be known
// now.
func (c *Client) SchemaVersion(ctx context.Context, uuid string) (avro.Schema, error) {
	// The UUID may be anything until Glue knows it, and is not shown whole.
	what := fmt.Sprintf("version %.6s... in Glue", uuid)
	var v version
	err := c.call(ctx, what, "GetSchemaVersion", map[string]string{"SchemaVersionId": uuid}, &v)
	switch no, _ := errors.AsType[*registry.RefusedError](err); {
	case errors.Is(err, errLarge):
		return avro.Schema{}, &avro.SchemaError{Message: fmt.Sprintf("Glue's answer has more than %d MB", maxAnswer>>20)}
	case no != nil:
		return avro.Schema{}, &avro.SchemaError{Unknown: true, Message: "Glue has no version of this UUID in the region " + c.o.Region}
	case err != nil:
		return avro.Schema{}, err
	case v.SchemaDefinition == "":
		// A version that is being deleted may have none, and what is not Glue has none.
		return avro.Schema{}, registry.Away(what, c.url, http.StatusOK, "its answer has no schema: check the endpoint", nil)
	}
	return avro.Schema{Type: v.DataFormat, Text: v.SchemaDefinition}, nil
}

// RegisterVersion registers an Avro schema under a name and returns the version's UUID,
// which it keeps when it is registered again.
func (c *Client) RegisterVersion(ctx context.Context, name, schema string) (uuid string, err error) {
	uuid, err = c.addVersion(ctx, name, schema)
	if no, _ := errors.AsType[*registry.RefusedError](err); no == nil || no.Status != http.StatusNotFound {
		return uuid, err
	}
	uuid, err = c.create(ctx, name, schema)
	if no, _ := errors.AsType[*registry.RefusedError](err); no == nil || no.Status != http.StatusConflict {
		return uuid, err
	}
	return c.addVersion(ctx, name, schema) // somebody else was faster
}

func (c *Client) addVersion(ctx context.Context, name, schema string) (string, error) {
	return c.submit(ctx, name, "RegisterSchemaVersion", map[string]any{"SchemaId": c.id(name), "SchemaDefinition": schema})
}

func (c *Client) create(ctx context.Context, name, schema string) (string, error) {
	question := map[string]any{"SchemaName": name, "DataFormat": "AVRO", "Compatibility": "BACKWARD", "SchemaDefinition": schema}
	if c.o.Registry != "" {
		question["RegistryId"] = map[string]string{"RegistryName": c.o.Registry}
	}
	return c.submit(ctx, name, "CreateSchema", question)
}

// registry is the name of the account's default one unless another is set.
func (c *Client) registry() string {
	if c.o.Registry != "" {
		return c.o.Registry
	}
	return "default-registry"
}

func (c *Client) submit(ctx context.Context, name, operation string, question map[string]any) (string, error) {
	what := "registering a schema as " + name + " in Glue"
	var v struct {
		SchemaVersionID     string `json:"SchemaVersionId"`
		Status              string // of RegisterSchemaVersion
		SchemaVersionStatus string // of CreateSchema
	}
	if err := c.call(ctx, what, operation, question, &v); err != nil {
		return "", err
	}
	if v.Status == failure || v.SchemaVersionStatus == failure {
		return "", incompatible(what)
	}
	if v.SchemaVersionID == "" {
		return "", registry.Away(what, c.url, http.StatusOK, "its answer has no version: check the endpoint", nil)
	}
	if v.Status == pending || v.SchemaVersionStatus == pending {
		return c.settled(ctx, what, v.SchemaVersionID)
	}
	return v.SchemaVersionID, nil
}

const (
	pending = "PENDING"
	failure = "FAILURE"
	// A version is checked against those before it within a second or so.
	settleEvery, settleTries = 250 * time.Millisecond, 40
)

func incompatible(what string) error {
	return &registry.RefusedError{Op: what, Status: http.StatusUnprocessableEntity, Message: "it is not compatible with the versions before it"}
}

// settled waits until Glue has compared a version with those before it: until then its
// records cannot be read, and it may still be refused.
func (c *Client) settled(ctx context.Context, what, uuid string) (string, error) {
	for range settleTries {
		if !wait.For(ctx, settleEvery) {
			break
		}
		var v version
		switch err := c.call(ctx, what, "GetSchemaVersion", map[string]string{"SchemaVersionId": uuid}, &v); {
		case err != nil:
			return "", err
		case v.Status == failure:
			return "", incompatible(what)
		case v.Status != pending:
			return uuid, nil
		}
	}
	return "", registry.Away(what, c.url, http.StatusOK, "it has not yet compared the version with those before it: try again", ctx.Err())
}

// VersionOf returns the UUID that a schema has under a name, empty if it is not
// registered there. It changes nothing.
func (c *Client) VersionOf(ctx context.Context, name, schema string) (uuid string, err error) {
	what := "a schema as " + name + " in Glue"
	var v version
	err = c.call(ctx, what, "GetSchemaByDefinition", map[string]any{"SchemaId": c.id(name), "SchemaDefinition": schema}, &v)
	if no, _ := errors.AsType[*registry.RefusedError](err); no != nil && no.Status == http.StatusNotFound {
		return "", nil
	}
	switch {
	case err != nil:
		return "", err
	case v.SchemaVersionID == "":
		return "", registry.Away(what, c.url, http.StatusOK, "its answer has no version: check the endpoint", nil)
	case v.Status == failure || v.Status == "DELETING":
		return "", nil
	}
	return v.SchemaVersionID, nil
}

// Compatibility returns the requirement of a name on new versions, and whether the name
// exists. It changes nothing.
func (c *Client) Compatibility(ctx context.Context, name string) (level string, exists bool, err error) {
	var s struct{ Compatibility string }
	err = c.call(ctx, "the schema "+name+" in Glue", "GetSchema", map[string]any{"SchemaId": c.id(name)}, &s)
	if no, _ := errors.AsType[*registry.RefusedError](err); no != nil && no.Status == http.StatusNotFound {
		return "", false, nil
	}
	return s.Compatibility, err == nil, err
}

// id identifies a schema in requests to Glue.
func (c *Client) id(name string) map[string]string {
	return map[string]string{"SchemaName": name, "RegistryName": c.registry()}
}
