package functiontest_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"claviger/internal/sandbox"
	"claviger/secrets/rotation/rotator"
	"claviger/secrets/rotation/rotator/functiontest"
	"claviger/secrets/rotation/rotator/functiontest/authority"
	"claviger/secrets/rotation/rotator/lambda"
	"claviger/secrets/rotation/rotator/program"
	"claviger/secrets/rotation/rotator/servertest"
)

func TestMain(m *testing.M) {
	sandbox.Main()
	os.Exit(servertest.Main(m))
}

const (
	arn    = "arn:aws:secretsmanager:eu-central-1:111122223333:secret:db-AbCdEf"
	before = "EXAMPLE0-90ab-cdef-fedc-ba987SECRET0"
	after  = "EXAMPLE1-90ab-cdef-fedc-ba987SECRET1"
)

// stand is in the place of Secrets Manager, as much of it as the function asks for.
type stand struct {
	url, ca string

	mu     sync.Mutex
	values map[string]string // by version
	labels map[string]string // versions by label
	asked  []string
}

func newStand(t *testing.T, value string) *stand {
	t.Helper()
	s := &stand{values: map[string]string{before: value},
		labels: map[string]string{"AWSCURRENT": before, "AWSPENDING": after}}
	a := authority.New(t)
	server := httptest.NewUnstartedServer(s)
	server.TLS = a.Server(false)
	server.StartTLS()
	t.Cleanup(server.Close)
	s.url, s.ca = strings.Replace(server.URL, "127.0.0.1", "localhost", 1), a.CAFile
	return s
}

func (s *stand) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	var in struct{ VersionId, VersionStage, ClientRequestToken, SecretString, MoveToVersionId string }
	operation := strings.TrimPrefix(r.Header.Get("X-Amz-Target"), "secretsmanager.")
	s.asked = append(s.asked, operation+" by "+r.Header.Get("Authorization"))
	if err := json.NewDecoder(r.Body).Decode(&in); err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	var out any = map[string]any{"ARN": arn}
	switch operation {
	case "DescribeSecret":
		versions := map[string][]string{}
		for label, version := range s.labels {
			versions[version] = append(versions[version], label)
		}
		out = map[string]any{"ARN": arn, "RotationEnabled": true, "VersionIdsToStages": versions}
	case "GetSecretValue":
		version := s.labels[in.VersionStage]
		if s.values[version] == "" || in.VersionId != "" && in.VersionId != version {
			w.WriteHeader(http.StatusBadRequest)
			out = map[string]string{"__type": "ResourceNotFoundException", "message": "none"}
			break
		}
		out = map[string]string{"ARN": arn, "VersionId": version, "SecretString": s.values[version]}
	case "PutSecretValue":
		s.values[in.ClientRequestToken] = in.SecretString
	case "GetRandomPassword":
		out = map[string]string{"RandomPassword": fmt.Sprintf("pass%d'; --", time.Now().UnixNano())}
	case "UpdateSecretVersionStage":
		s.labels["AWSPREVIOUS"], s.labels[in.VersionStage] = s.labels[in.VersionStage], in.MoveToVersionId
	}
	_ = json.NewEncoder(w).Encode(out)
}

func (s *stand) value(label string) (rotator.Document, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return rotator.Parse([]byte(s.values[s.labels[label]]))
}

type someone struct{}

func (someone) ForRotation(context.Context, rotator.Secret) (program.Session, error) {
	return program.Session{AccessKeyID: "ASIAEXAMPLE", SecretAccessKey: "key",
		SessionToken: "token"}, nil
}

// Both ways of running the function, unchanged.
var ways = map[string]func(t *testing.T, s *stand, database string) rotator.Function{
	"exec": func(t *testing.T, s *stand, database string) rotator.Function {
		path := functiontest.Program(t)
		c := program.Config{Program: path, Read: []string{filepath.Dir(path)}, Endpoint: s.url,
			CAFile: s.ca, Network: []string{database}}
		if os.Geteuid() == 0 {
			c.User = "65534:65534"
		}
		f, err := program.New(t.Context(), c, someone{})
		if err != nil {
			t.Fatal(err)
		}
		return f
	},
	"lambda": func(t *testing.T, s *stand, database string) rotator.Function {
		e := functiontest.NewEmulator(t, "SECRETS_MANAGER_ENDPOINT="+s.url, "AWS_CA_BUNDLE="+s.ca,
			"AWS_REGION=eu-central-1", "AWS_DEFAULT_REGION=eu-central-1",
			"AWS_ACCESS_KEY_ID=ASIAEXAMPLE", "AWS_SECRET_ACCESS_KEY=key", "AWS_SESSION_TOKEN=token")
		f, err := lambda.New(lambda.Config{Endpoint: e.URL, Function: "function",
			CAFile: e.Authority.CAFile, Certificate: e.Authority.Certificate, Key: e.Authority.Key})
		if err != nil {
			t.Fatal(err)
		}
		return f
	},
}

func TestFunction_EachWay_RotatesAUser(t *testing.T) {
	functiontest.Python(t)
	db := servertest.Postgres(t)
	for name, way := range ways {
		t.Run(name, func(t *testing.T) {
			user := "app " + name
			db.Exec(t, fmt.Sprintf(`CREATE USER "%s" WITH PASSWORD 'first'`, user))
			s := newStand(t, fmt.Sprintf(`{"engine":"postgres","host":"localhost","port":%d,`+
				`"username":"%s","password":"first","owner":"team"}`, db.Port, user))
			f := way(t, s, fmt.Sprintf("localhost:%d", db.Port))
			of := rotator.Secret{Account: "111122223333", Region: "eu-central-1", ARN: arn}
			for _, step := range []rotator.Step{rotator.CreateSecret, rotator.SetSecret, rotator.SetSecret,
				rotator.TestSecret, rotator.FinishSecret, rotator.FinishSecret} {
				err := f.Invoke(t.Context(), rotator.Event{Step: step, SecretId: arn,
					ClientRequestToken: after}, of)
				if err != nil {
					var said *rotator.Output
					errors.As(err, &said)
					t.Fatalf("%s: %v, %+v, %v", step, err, said, errors.Unwrap(err))
				}
			}
			next, err := s.value("AWSCURRENT")
			if err != nil || !strings.HasPrefix(next.Text("password"), "pass") ||
				next.Text("owner") != "team" {
				t.Errorf("got %s, %v", next.Bytes(), err)
			}
			if s.labels["AWSCURRENT"] != after || s.labels["AWSPREVIOUS"] != before {
				t.Errorf("got %v", s.labels)
			}
			for _, asked := range s.asked {
				if !strings.Contains(asked, "Credential=ASIAEXAMPLE/") ||
					!strings.Contains(asked, "/eu-central-1/secretsmanager/") {
					t.Errorf("got %s", asked)
				}
			}
		})
	}
}

func TestFunction_EachWay_TellsOfItsFailure(t *testing.T) {
	functiontest.Python(t)
	for name, way := range ways {
		t.Run(name, func(t *testing.T) {
			s := newStand(t, `{"engine":"oracle","host":"h","username":"u","password":"p"}`)
			f := way(t, s, "localhost:1")
			err := f.Invoke(t.Context(), rotator.Event{Step: rotator.CreateSecret, SecretId: arn,
				ClientRequestToken: after}, rotator.Secret{Region: "eu-central-1"})
			var failed *rotator.Error
			var said *rotator.Output
			if !errors.As(err, &failed) || failed.Reason != rotator.Failed || !errors.As(err, &said) ||
				!strings.Contains(said.Text(), "Database engine must be one of") {
				t.Errorf("got %v, %+v", err, said)
			}
		})
	}
}
