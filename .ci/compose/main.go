// Command compose checks docker-compose.yml where no Docker engine is at hand:
// that it is valid by the Compose Specification, that what it refers to exists,
// and that it keeps the promises of this repository. With a service's name it
// prints that service's environment and command instead, a line each, for
// .ci/stack to run.
package main

import (
	"cmp"
	"context"
	"encoding/xml"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/compose-spec/compose-go/v2/cli"
	"github.com/compose-spec/compose-go/v2/types"
)

func main() {
	if len(os.Args) != 2 && len(os.Args) != 3 {
		fmt.Fprintln(os.Stderr, "usage: compose DIRECTORY [SERVICE]")
		os.Exit(2)
	}
	if err := run(os.Args[1], os.Args[2:]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(dir string, service []string) error {
	project, err := load(dir)
	if err != nil {
		return err
	}
	if len(service) == 1 {
		return show(project, service[0])
	}
	if err := errors.Join(check(project), checkVersions(project, dir)); err != nil {
		return err
	}
	for _, name := range project.ServiceNames() {
		fmt.Printf("%-12s %s\n", name, project.Services[name].Image)
	}
	return nil
}

func show(project *types.Project, name string) error {
	s, err := project.GetService(name)
	if err != nil {
		return err
	}
	for _, k := range slices.Sorted(maps.Keys(s.Environment)) {
		if v := s.Environment[k]; v != nil {
			fmt.Printf("env %s=%s\n", k, *v)
		}
	}
	for _, arg := range s.Command {
		fmt.Printf("arg %s\n", arg)
	}
	return nil
}

// load validates against the specification's schema, and that services, volumes
// and networks which are named are also declared.
func load(dir string) (*types.Project, error) {
	// No environment: `docker compose up` alone must do.
	options, err := cli.NewProjectOptions(
		[]string{filepath.Join(dir, "docker-compose.yml")},
		cli.WithConsistency(true), cli.WithResolvedPaths(true),
	)
	if err != nil {
		return nil, err
	}
	return options.LoadProject(context.Background())
}

func check(project *types.Project) error {
	var errs []error
	fail := func(s types.ServiceConfig, format string, args ...any) {
		errs = append(errs, fmt.Errorf("%s: "+format, append([]any{s.Name}, args...)...))
	}
	for _, name := range project.ServiceNames() {
		s := project.Services[name]
		if _, tag, _ := strings.Cut(s.Image, ":"); s.Build == nil && (tag == "" || tag == "latest") {
			fail(s, "image %q is not pinned to a version", s.Image)
		}
		if s.HealthCheck == nil && s.Build == nil {
			fail(s, "has no health check, and its image may have none")
		}
		for _, port := range s.Ports {
			if port.HostIP != "127.0.0.1" {
				fail(s, "publishes port %d beyond this machine", port.Target)
			}
		}
		if s.Privileged || !slices.Contains(s.CapDrop, "ALL") {
			fail(s, "keeps capabilities: want cap_drop: [ALL]")
		}
		for _, v := range s.Volumes {
			if v.Type != types.VolumeTypeBind {
				continue
			}
			if _, err := os.Stat(v.Source); err != nil {
				fail(s, "mounts what is not there: %v", err)
			}
		}
		for _, dependency := range s.GetDependencies() {
			condition := s.DependsOn[dependency].Condition
			other, ok := project.Services[dependency]
			if ok && condition == types.ServiceConditionHealthy && other.HealthCheck != nil && other.HealthCheck.Disable {
				fail(s, "waits for %s to be healthy, whose health check is disabled", dependency)
			}
		}
	}
	return errors.Join(errs...)
}

// checkVersions compares the images with the jars that tests run instead of them
// where there is no Docker.
func checkVersions(project *types.Project, dir string) error {
	var pom struct {
		Kafka    string `xml:"properties>kafka.version"`
		Apicurio string `xml:"properties>apicurio.version"`
	}
	data, err := os.ReadFile(filepath.Join(dir, "testdata", "servers", "pom.xml"))
	if err != nil {
		return err
	}
	if err := xml.Unmarshal(data, &pom); err != nil {
		return fmt.Errorf("pom.xml: %w", err)
	}
	var errs []error
	for service, want := range map[string]string{"kafka": "apache/kafka:" + pom.Kafka, "registry": "apicurio/apicurio-registry:" + pom.Apicurio} {
		if got := project.Services[service].Image; got != want {
			errs = append(errs, fmt.Errorf("%s: image %s, but testdata/servers/pom.xml tests with %s", service, got, want))
		}
	}
	slices.SortFunc(errs, func(a, b error) int { return cmp.Compare(a.Error(), b.Error()) })
	return errors.Join(errs...)
}
