package servicetest_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"claviger/service/servicetest"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
)

// spellings are the ways to call what a request is about; where one has no such form it is written
// as it is. The last one has each byte of a REST path by its number.
var spellings = []string{"ARN", "id", "alias", "alias ARN", "partial ARN", "other case", "REST",
	"REST, percent-encoded"}

// TestSpellings_OneResource_OneAnswer: whichever way the service lets a resource be called, whoever
// is allowed something on it by its ARN may do it, and whoever is denied it by its ARN may not.
// Policies spell the actions in capitals or in small letters.
func TestSpellings_OneResource_OneAnswer(t *testing.T) {
	g := startWalkServers(t)
	on := map[*servicetest.Server]*speller{}
	for _, n := range routed(g.soft.Server) {
		row, s := walk[idOf(n)], g.of(n).Server
		if row.request == "" || n.Unsigned || unrestricted[idOf(n)] != "" {
			continue
		}
		if on[s] == nil {
			on[s] = &speller{matrix: &matrix{Server: s, learner: s.User(t, "learner"),
				keeper: s.User(t, "keeper")}, allowed: s.User(t, "allowed"), denied: s.User(t, "denied"),
				all: s.User(t, "all")}
			on[s].give(t, "all", `{"Effect":"Allow","Action":"*","Resource":"*"}`)
		}
		t.Run(idOf(n), func(t *testing.T) {
			o := &matrixOperation{info: n, request: row.request}
			on[s].stage(t, o)
			on[s].learn(t, o)
			on[s].look(t, o)
		})
	}
}

// speller has who asks: by the ARN of what is asked about one is allowed, one is denied what he is
// allowed otherwise, and one is allowed everything.
type speller struct {
	*matrix
	allowed, denied, all aws.Credentials
}

// look asks for an operation in each spelling.
func (s *speller) look(t *testing.T, o *matrixOperation) {
	t.Helper()
	if !slices.ContainsFunc(o.demands, func(d matrixDemand) bool {
		return resourceOf(o.info, d.on) != "*"
	}) {
		return
	}
	seen := map[string]bool{}
	s.prepare(t, o)
	for _, spelling := range spellings {
		document, rest := s.spelled(o, spelling), strings.HasPrefix(spelling, "REST")
		if key := fmt.Sprint(document, rest, spelling == "REST, percent-encoded"); seen[key] {
			continue
		} else {
			seen[key] = true
		}
		ask := func(as aws.Credentials) servicetest.Answer {
			q := callOf(t, o.info, document)
			if rest {
				q = restOf(t, o.info, o.info.Route, document)
			}
			if spelling == "REST, percent-encoded" {
				q.Path = percentEncoded(o.info.Path, q.Path)
			}
			q.As, q.Service = as, o.info.Service.Name
			return s.Send(t, q)
		}
		denied, allowed := ask(s.denied), ask(s.allowed)
		if !isRefusal(denied) {
			if a := ask(s.all); a.Status/100 == 2 || denied.Status/100 == 2 {
				t.Errorf("%s: %s\ndenied by its ARN: %d %s", spelling, document, denied.Status, denied.Body)
			}
		}
		if isRefusal(allowed) {
			if a := ask(s.all); a.Status/100 == 2 {
				t.Errorf("%s: %s\nallowed by its ARN: %d %s", spelling, document, allowed.Status,
					allowed.Body)
			}
		}
		if spelling == "ARN" && !isRefusal(denied) {
			t.Errorf("denied by its ARN: %d %s", denied.Status, denied.Body)
		}
		if spelling == "ARN" && isRefusal(allowed) {
			t.Errorf("allowed by its ARN: %d %s", allowed.Status, allowed.Body)
		}
		if !o.info.ReadOnly {
			s.stage(t, o)
			s.prepare(t, o)
		}
	}
}

func isRefusal(a servicetest.Answer) bool {
	return decidedAs(a) == "AccessDenied"
}

// prepare makes the aliases of the keys, and the policies.
func (s *speller) prepare(t *testing.T, o *matrixOperation) {
	t.Helper()
	for _, r := range o.policed {
		if id := o.fill("{" + r.word + " ID}"); slices.Contains(keyWords, r.word) &&
			r.word != "GOING" && r.arn == keyARN(id) {
			// It may be there: what is read stays as it was.
			s.Do(t, "TrentService.CreateAlias", fmt.Sprintf(`{"AliasName":%q,"TargetKeyId":%q}`,
				aliasOf(id), id))
		}
	}
	var allow []string
	deny := []string{`{"Effect":"Allow","Action":"*","Resource":"*"}`}
	for _, d := range o.demands {
		resource := resourceOf(o.info, o.fill(d.on))
		allow = append(allow, fmt.Sprintf(`{"Effect":"Allow","Action":%q,"Resource":%q}`,
			strings.ToUpper(d.action), resource))
		if resource != "*" {
			deny = append(deny, fmt.Sprintf(`{"Effect":"Deny","Action":%q,"Resource":%q}`,
				strings.ToLower(d.action), resource))
		}
	}
	s.give(t, "allowed", allow...)
	s.give(t, "denied", deny...)
}

func (s *speller) give(t *testing.T, user string, statements ...string) {
	t.Helper()
	must(s.IAM().PutUserPolicy(t.Context(), &iam.PutUserPolicyInput{UserName: &user,
		PolicyName: aws.String("own"), PolicyDocument: aws.String(
			`{"Version":"2012-10-17","Statement":[` + strings.Join(statements, ",") + `]}`)}))(t)
}

// spelled is the request in a spelling.
func (s *speller) spelled(o *matrixOperation, spelling string) string {
	words := slices.Clone(o.words)
	for i := 0; i < len(words); i += 2 {
		word, value := words[i], &words[i+1]
		if !strings.Contains(o.request, `"`+word+`"`) || word == "NEW" || word == "TOKEN" {
			continue
		}
		isKey := slices.Contains(keyWords, word)
		id := (*value)[strings.LastIndexAny(*value, ":/")+1:]
		switch {
		case isKey && (spelling == "id" || strings.HasPrefix(spelling, "REST")):
			*value = id
		case isKey && spelling == "alias" && word != "GOING":
			*value = aliasOf(id)
		case isKey && spelling == "alias ARN" && word != "GOING":
			*value = aliasARN(aliasOf(id))
		case slices.Contains(secretWords, word) && spelling == "id":
			*value = writtenSecret(*value, "name")
		case slices.Contains(secretWords, word) && spelling == "partial ARN":
			*value = writtenSecret(*value, spelling)
		case spelling == "other case" && spelledInAnyCase(word):
			*value = strings.TrimSuffix(*value, id) + strings.ToUpper(id)
		}
	}
	return strings.NewReplacer(words...).Replace(o.request)
}

// spelledInAnyCase reports whether a word is a name, and no text or number.
func spelledInAnyCase(word string) bool {
	return slices.Contains(slices.Concat(keyWords, secretWords, []string{"ALIAS", "USER", "GROUP",
		"ROLE", "CLERK", "TEAM", "OFFICE", "KEYED", "MANAGED", "RENEWED", "HELD", "ISSUER", "ASSUMED"}),
		word)
}

// percentEncoded is a path with each letter and digit of what members have in it by its number.
func percentEncoded(route, path string) string {
	fixed, _, found := strings.Cut(route, "{")
	if !found {
		return path
	}
	rest, query, asked := strings.Cut(strings.TrimPrefix(path, fixed), "?")
	first, after, more := strings.Cut(rest, "/")
	var b strings.Builder
	for i := range len(first) {
		if first[i] == '%' {
			return path // it is encoded in part, and has no second form
		}
		fmt.Fprintf(&b, "%%%02X", first[i])
	}
	out := fixed + b.String()
	if more {
		out += "/" + after
	}
	if asked {
		out += "?" + query
	}
	return out
}
