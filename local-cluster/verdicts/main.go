// verdicts evaluates the health of Kubernetes objects with the kstatus library, and with the
// healthCheckExprs evaluator of Flux.
//
// It reads {"exprs": [CustomHealthCheck, ...], "objects": [object, ...]} from stdin and
// writes [{"kstatus": "Current", "flux": "Current"}, ...], one entry per object.
package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"

	"github.com/fluxcd/cli-utils/pkg/kstatus/status"
	"github.com/fluxcd/pkg/apis/kustomize"
	"github.com/fluxcd/pkg/runtime/cel"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

type request struct {
	Exprs   []kustomize.CustomHealthCheck `json:"exprs"`
	Objects []json.RawMessage             `json:"objects"`
}

type verdict struct {
	Kstatus string `json:"kstatus"`
	Flux    string `json:"flux"`
}

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, "verdicts:", err)
		os.Exit(1)
	}
}

func run() error {
	var asked request
	if err := json.NewDecoder(os.Stdin).Decode(&asked); err != nil {
		return err
	}
	evaluators := map[string]*cel.StatusEvaluator{}
	for _, check := range asked.Exprs {
		evaluator, err := cel.NewStatusEvaluator(&check.HealthCheckExpressions)
		if err != nil {
			return fmt.Errorf("healthCheckExprs of %s: %w", check.Kind, err)
		}
		evaluators[check.APIVersion+" "+check.Kind] = evaluator
	}
	verdicts := []verdict{}
	for _, text := range asked.Objects {
		object := &unstructured.Unstructured{}
		if err := object.UnmarshalJSON(text); err != nil {
			return err
		}
		known, err := status.Compute(object)
		if err != nil {
			return err
		}
		found := verdict{Kstatus: string(known.Status), Flux: string(known.Status)}
		if evaluator := evaluators[object.GetAPIVersion()+" "+object.GetKind()]; evaluator != nil {
			result, err := evaluator.Evaluate(context.Background(), object)
			if err != nil {
				return fmt.Errorf("healthCheckExprs on %s: %w", object.GetName(), err)
			}
			found.Flux = string(result.Status)
		}
		verdicts = append(verdicts, found)
	}
	return json.NewEncoder(os.Stdout).Encode(verdicts)
}
