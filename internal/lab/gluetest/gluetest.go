package gluetest

import (
	"context"
	"crypto/md5"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"

	"github.com/tracklayer/amazon-capi/schemas/registry/glue"
)

// Region is the region that the Glue is in.
const Region = "eu-west-1"

// Glue is a server that knows what Glue knows of schemas. It looks at no signature, but
// wants one.
type Glue struct {
	URL string

	mu       sync.Mutex
	away     bool
	readOnly bool
	schemas  map[string]map[string]string // UUIDs by name and definition
	versions map[string]string            // definitions by UUID
}

// New starts one that is gone when the test is over.
func New(t testing.TB) *Glue {
	t.Helper()
	g := &Glue{schemas: make(map[string]map[string]string), versions: make(map[string]string)}
	srv := httptest.NewServer(g)
	t.Cleanup(srv.Close)
	g.URL = srv.URL
	return g
}

// Client asks it.
func (g *Glue) Client(t testing.TB) *glue.Client {
	t.Helper()
	c, err := glue.New(glue.Options{Region: Region, Endpoint: g.URL, Credentials: func(context.Context) (aws.Credentials, error) {
		return aws.Credentials{AccessKeyID: "AKID", SecretAccessKey: "secret"}, nil
	}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	return c
}

// Leave has it answer nothing but 503, or come back.
func (g *Glue) Leave(away bool) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.away = away
}

// ReadOnly has it refuse to register.
func (g *Glue) ReadOnly() {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.readOnly = true
}

// Names returns how many versions each schema has.
func (g *Glue) Names() map[string]int {
	g.mu.Lock()
	defer g.mu.Unlock()
	names := make(map[string]int)
	for name, versions := range g.schemas {
		names[name] = len(versions)
	}
	return names
}

type question struct {
	SchemaVersionID  string                      `json:"SchemaVersionId"`
	SchemaID         struct{ SchemaName string } `json:"SchemaId"`
	SchemaName       string
	SchemaDefinition string
}

// ServeHTTP implements http.Handler.
func (g *Glue) ServeHTTP(w http.ResponseWriter, req *http.Request) {
	g.mu.Lock()
	defer g.mu.Unlock()
	operation := strings.TrimPrefix(req.Header.Get("X-Amz-Target"), "AWSGlue.")
	var q question
	switch {
	case g.away:
		w.WriteHeader(http.StatusServiceUnavailable)
		return
	case !strings.Contains(req.Header.Get("Authorization"), "/"+Region+"/glue/aws4_request"):
		refuse(w, "MissingAuthenticationTokenException")
		return
	case g.readOnly && (operation == "CreateSchema" || operation == "RegisterSchemaVersion"):
		refuse(w, "AccessDeniedException")
		return
	case json.NewDecoder(req.Body).Decode(&q) != nil:
		refuse(w, "InvalidInputException")
		return
	}
	answer, fault := g.answer(operation, &q)
	if fault != "" {
		refuse(w, fault)
		return
	}
	_ = json.NewEncoder(w).Encode(answer)
}

func refuse(w http.ResponseWriter, fault string) {
	w.WriteHeader(http.StatusBadRequest)
	_, _ = fmt.Fprintf(w, `{"__type":%q,"Message":"no"}`, fault)
}

func (g *Glue) answer(operation string, q *question) (answer map[string]string, fault string) {
	name := q.SchemaName + q.SchemaID.SchemaName
	versions, exists := g.schemas[name]
	switch operation {
	case "GetSchemaVersion":
		text, ok := g.versions[q.SchemaVersionID]
		if !ok {
			return nil, "EntityNotFoundException"
		}
		return map[string]string{"SchemaVersionId": q.SchemaVersionID, "SchemaDefinition": text, "DataFormat": "AVRO", "Status": "AVAILABLE"}, ""
	case "GetSchema":
		if !exists {
			return nil, "EntityNotFoundException"
		}
		return map[string]string{"SchemaName": name, "Compatibility": "BACKWARD"}, ""
	case "GetSchemaByDefinition":
		uuid, ok := versions[q.SchemaDefinition]
		if !ok {
			return nil, "EntityNotFoundException"
		}
		return map[string]string{"SchemaVersionId": uuid, "Status": "AVAILABLE"}, ""
	case "CreateSchema":
		if exists {
			return nil, "AlreadyExistsException"
		}
		g.schemas[name] = make(map[string]string)
		return map[string]string{"SchemaVersionId": g.add(name, q.SchemaDefinition), "SchemaVersionStatus": "AVAILABLE"}, ""
	case "RegisterSchemaVersion":
		if !exists {
			return nil, "EntityNotFoundException"
		}
		return map[string]string{"SchemaVersionId": g.add(name, q.SchemaDefinition), "Status": "AVAILABLE"}, ""
	}
	return nil, "UnknownOperationException"
}

func (g *Glue) add(name, definition string) (uuid string) {
	b := md5.Sum([]byte(name + "\n" + definition))
	uuid = fmt.Sprintf("%x-%x-%x-%x-%x", b[:4], b[4:6], b[6:8], b[8:10], b[10:])
	g.schemas[name][definition], g.versions[uuid] = uuid, definition
	return uuid
}
