package glue

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
)

// TestTheRegistryIsNamed in each request, so that a schema is not made in the account's
// default one by mistake; and that one is named nowhere but where Glue wants a name.
func TestTheRegistryIsNamed(t *testing.T) {
	for name, want := range map[string]string{"teams": `"RegistryName":"teams"`, "": `"RegistryName":"default-registry"`} {
		asked := make(map[string]string)
		srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			body, _ := io.ReadAll(r.Body)
			operation := strings.TrimPrefix(r.Header.Get("X-Amz-Target"), "AWSGlue.")
			if asked[operation] = string(body); operation == "RegisterSchemaVersion" {
				refuse(w, http.StatusBadRequest, "EntityNotFoundException")
				return
			}
			fmt.Fprint(w, `{"SchemaVersionId":"x","SchemaVersionStatus":"AVAILABLE"}`)
		}))
		c, err := New(Options{Region: "eu-west-1", Endpoint: srv.URL, Registry: name, Credentials: func(context.Context) (aws.Credentials, error) {
			return aws.Credentials{AccessKeyID: "AKID", SecretAccessKey: "key"}, nil
		}})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := c.RegisterVersion(t.Context(), "events-value", `"string"`); err != nil {
			t.Errorf("%q: %v", name, err)
		}
		if !strings.Contains(asked["RegisterSchemaVersion"], want) {
			t.Errorf("%q: a version is registered by %s, want %s", name, asked["RegisterSchemaVersion"], want)
		}
		if has := strings.Contains(asked["CreateSchema"], `"RegistryId"`); has != (name != "") || has && !strings.Contains(asked["CreateSchema"], want) {
			t.Errorf("%q: a schema is made by %s", name, asked["CreateSchema"])
		}
		c.Close()
		srv.Close()
	}
}
