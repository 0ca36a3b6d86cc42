package events_test

import (
	"database/sql"
	"fmt"
	"strings"
	"testing"

	"claviger/events"

	_ "github.com/mattn/go-sqlite3"
)

// connect makes a connection with a name and a password.
func (s *service) connect(name string) events.CreateConnectionOutput {
	s.T.Helper()
	return must[events.CreateConnectionOutput](s, "CreateConnection", M{"Name": name,
		"AuthorizationType": "BASIC", "AuthParameters": M{
			"BasicAuthParameters": M{"Username": "u", "Password": "pass-word-4711"}}})
}

// destination makes an API destination, and returns its ARN.
func (s *service) destination(name string) string {
	s.T.Helper()
	return must[events.ApiDestinationOutput](s, "CreateApiDestination", M{"Name": name,
		"ConnectionArn": s.connect("of-" + name).ConnectionArn, "HttpMethod": "POST",
		"InvocationEndpoint": "https://example.com/hooks/*"}).ApiDestinationArn
}

func TestConnections_EveryKind_ShowsNoSecretAndOpensForTheService(t *testing.T) {
	s := start(t)
	http := M{"HeaderParameters": []M{{"Key": "X-A", "Value": "open-header"},
		{"Key": "X-B", "Value": "secret-header", "IsValueSecret": true}},
		"QueryStringParameters": []M{{"Key": "q", "Value": "secret-query", "IsValueSecret": true}},
		"BodyParameters":        []M{{"Key": "b", "Value": "secret-body", "IsValueSecret": true}}}
	for name, in := range map[string]M{
		"basic": {"AuthorizationType": "BASIC", "AuthParameters": M{"InvocationHttpParameters": http,
			"BasicAuthParameters": M{"Username": "u", "Password": "secret-basic"}}},
		"key": {"AuthorizationType": "API_KEY", "AuthParameters": M{
			"ApiKeyAuthParameters": M{"ApiKeyName": "X-Key", "ApiKeyValue": "secret-key"}}},
		"oauth": {"AuthorizationType": "OAUTH_CLIENT_CREDENTIALS", "AuthParameters": M{
			"OAuthParameters": M{"AuthorizationEndpoint": "https://login.example.com/token",
				"HttpMethod": "POST", "OAuthHttpParameters": http,
				"ClientParameters": M{"ClientID": "c", "ClientSecret": "secret-oauth"}}}},
	} {
		in["Name"] = name
		made := must[events.CreateConnectionOutput](s, "CreateConnection", in)
		if !strings.HasPrefix(made.ConnectionArn, prefix+"connection/"+name+"/") ||
			made.ConnectionState != "AUTHORIZED" {
			t.Errorf("%+v", made)
		}
		shown := must[events.DescribeConnectionOutput](s, "DescribeConnection", M{"Name": name})
		if text := fmt.Sprintf("%+v %+v %+v %+v", shown, shown.AuthParameters.BasicAuthParameters,
			shown.AuthParameters.OAuthParameters,
			shown.AuthParameters.InvocationHttpParameters); strings.Contains(text, "secret-") ||
			shown.LastAuthorizedTime == nil {
			t.Errorf("it is shown as %s", text)
		}
		_, p, err := s.events.Credentials(s.Runner.Own(t.Context(), account, region, "events"), name)
		if err != nil || p.Type() != in["AuthorizationType"] {
			t.Fatalf("%s opens as %+v, %v", name, p, err)
		}
	}
	shown := must[events.DescribeConnectionOutput](s, "DescribeConnection", M{"Name": "basic"})
	headers := shown.AuthParameters.InvocationHttpParameters.HeaderParameters
	if *headers[0].Value != "open-header" || headers[1].Value != nil || *headers[1].Key != "X-B" {
		t.Errorf("its headers are %+v", headers)
	}
	s.inClear("secret-")
}

// inClear looks for a text in all columns of all tables.
func (s *service) inClear(text string) {
	s.T.Helper()
	db, err := sql.Open("sqlite3", s.Path)
	if err != nil {
		s.T.Fatal(err)
	}
	defer db.Close()
	for _, table := range []string{"event_connections", "trail", "event_destinations"} {
		rows, err := db.Query("SELECT * FROM " + table)
		if err != nil {
			s.T.Fatal(err)
		}
		defer rows.Close()
		columns, _ := rows.Columns()
		for rows.Next() {
			values := make([]any, len(columns))
			for i := range values {
				values[i] = new(sql.RawBytes)
			}
			if err := rows.Scan(values...); err != nil {
				s.T.Fatal(err)
			}
			for i, v := range values {
				if strings.Contains(string(*v.(*sql.RawBytes)), text) {
					s.T.Errorf("%s.%s has %s in clear", table, columns[i], text)
				}
			}
		}
	}
}

func TestUpdateConnection_PartOfIt_KeepsTheRest(t *testing.T) {
	s := start(t)
	s.connect("c")
	s.Do("UpdateConnection", M{"Name": "c", "Description": "d"})
	s.Do("UpdateConnection", M{"Name": "c", "AuthParameters": M{
		"BasicAuthParameters": M{"Username": "other"}}})
	call := s.Runner.Own(t.Context(), account, region, "events")
	_, p, err := s.events.Credentials(call, "c")
	if err != nil || *p.BasicAuthParameters != (struct{ Username, Password string }{"other",
		"pass-word-4711"}) {
		t.Errorf("%+v, %v", p, err)
	}
	s.Refused("UpdateConnection", M{"Name": "c", "AuthorizationType": "API_KEY"},
		"ValidationException", "Parameter AuthParameters is not valid. Reason: Another AuthorizationType takes parameters of "+
			"its own.")
	s.Refused("UpdateConnection", M{"Name": "c", "AuthorizationType": "API_KEY", "AuthParameters": M{
		"ApiKeyAuthParameters": M{"ApiKeyName": "X"}}}, "ValidationException", "Parameter "+
		"AuthParameters is not valid. Reason: What the connection has not yet can't be left out.")
	s.Do("UpdateConnection", M{"Name": "c", "AuthorizationType": "API_KEY",
		"AuthParameters": M{"ApiKeyAuthParameters": M{"ApiKeyName": "X", "ApiKeyValue": "v"}}})
	shown := must[events.DescribeConnectionOutput](s, "DescribeConnection", M{"Name": "c"})
	if shown.AuthParameters.BasicAuthParameters != nil || shown.AuthorizationType != "API_KEY" ||
		shown.Description != "d" {
		t.Errorf("%+v", shown)
	}
}

func TestConnections_Deauthorized_HasNoSecretAndItsDestinationsAreInactive(t *testing.T) {
	s := start(t)
	arn := s.destination("d")
	state := func() string {
		return must[events.DescribeApiDestinationOutput](s, "DescribeApiDestination",
			M{"Name": "d"}).ApiDestinationState
	}
	if got := state(); got != "ACTIVE" {
		t.Errorf("it is %s", got)
	}
	out := must[events.UpdateConnectionOutput](s, "DeauthorizeConnection", M{"Name": "of-d"})
	if out.ConnectionState != "DEAUTHORIZING" || state() != "INACTIVE" {
		t.Errorf("%+v, and the destination is %s", out, state())
	}
	call := s.Runner.Own(t.Context(), account, region, "events")
	c, p, err := s.events.Credentials(call, "of-d")
	if err != nil || p != nil || c.State != "DEAUTHORIZED" || len(c.Sealed) != 0 {
		t.Errorf("it opens as %+v, %+v, %v", c, p, err)
	}
	s.Refused("UpdateConnection", M{"Name": "of-d", "AuthParameters": M{
		"BasicAuthParameters": M{"Username": "u"}}}, "ValidationException", "Parameter AuthParameters "+
		"is not valid. Reason: What the connection has not yet can't be left out.")
	s.Do("UpdateConnection", M{"Name": "of-d", "AuthParameters": M{
		"BasicAuthParameters": M{"Username": "u", "Password": "p"}}})
	if got := state(); got != "ACTIVE" {
		t.Errorf("with new credentials it is %s", got)
	}
	if out := must[events.UpdateConnectionOutput](s, "DeleteConnection",
		M{"Name": "of-d"}); out.ConnectionState != "DELETING" || state() != "INACTIVE" {
		t.Errorf("%+v", out)
	}
	s.connect("of-d") // another one of the same name
	if got := state(); got != "INACTIVE" {
		t.Errorf("with another connection of the name it is %s", got)
	}
	d, by, err := s.events.Destination(t.Context(), arn)
	if err != nil || d == nil || by != nil {
		t.Errorf("%+v, %+v, %v", d, by, err)
	}
}

func TestConnections_BadInput_IsRefused(t *testing.T) {
	s := start(t)
	s.connect("c")
	basic := M{"BasicAuthParameters": M{"Username": "u", "Password": "p"}}
	s.Refused("CreateConnection", M{"Name": "c", "AuthorizationType": "BASIC",
		"AuthParameters": basic}, "ResourceAlreadyExistsException", "Connection c already exists.")
	s.Refused("CreateConnection", M{"Name": "d", "AuthorizationType": "API_KEY",
		"AuthParameters": basic}, "ValidationException", "Parameter AuthParameters is not valid. "+
		"Reason: They have to have the parameters of API_KEY and no other.")
	s.Refused("CreateConnection", M{"Name": "d", "AuthorizationType": "BASIC",
		"AuthParameters": basic, "KmsKeyIdentifier": "alias/absent"}, "ValidationException",
		"KMS key is not valid: Alias arn:aws:kms:"+region+":"+account+":alias/absent is not found.")
	lattice := M{"ResourceParameters": M{"ResourceConfigurationArn": ""}}
	for _, in := range []M{{"InvocationConnectivityParameters": lattice},
		{"AuthParameters": M{"ConnectivityParameters": lattice}}} {
		in["Name"] = "c"
		s.Refused("UpdateConnection", in, "ValidationException",
			"There is no VPC Lattice here: leave the connectivity parameters out.")
	}
	for name := range map[string]bool{"DescribeConnection": true, "DeleteConnection": true,
		"DeauthorizeConnection": true, "UpdateConnection": true} {
		s.Refused(name, M{"Name": "x"}, "ResourceNotFoundException",
			"Failed to describe the connection(s). Connection 'x' does not exist.")
	}
	const https = "Parameter InvocationEndpoint is not valid. Reason: It has to be an https address, " +
		"with no * in its host."
	s.destination("d")
	at := must[events.DescribeApiDestinationOutput](s, "DescribeApiDestination", M{"Name": "d"})
	if at.InvocationRateLimitPerSecond != 300 {
		t.Errorf("%+v", at)
	}
	for _, address := range []string{"http://example.com/", "https://*.example.com/", "https:///x",
		"https://u@example.com/", "example.com"} {
		s.Refused("CreateApiDestination", M{"Name": "e", "ConnectionArn": at.ConnectionArn,
			"InvocationEndpoint": address, "HttpMethod": "POST"}, "ValidationException", https)
		s.Refused("UpdateApiDestination", M{"Name": "d", "InvocationEndpoint": address},
			"ValidationException", https)
	}
	s.Refused("CreateApiDestination", M{"Name": "d", "ConnectionArn": at.ConnectionArn,
		"InvocationEndpoint": "https://example.com", "HttpMethod": "POST"},
		"ResourceAlreadyExistsException", "An api-destination 'd' already exists.")
	s.Do("UpdateApiDestination", M{"Name": "d", "HttpMethod": "PUT",
		"InvocationRateLimitPerSecond": 5, "Description": "x"})
	at = must[events.DescribeApiDestinationOutput](s, "DescribeApiDestination", M{"Name": "d"})
	if at.HttpMethod != "PUT" || at.InvocationRateLimitPerSecond != 5 || at.Description != "x" ||
		at.InvocationEndpoint != "https://example.com/hooks/*" {
		t.Errorf("%+v", at)
	}
	s.Do("DeleteApiDestination", M{"Name": "d"})
	s.Refused("DescribeApiDestination", M{"Name": "d"}, "ResourceNotFoundException",
		"Failed to describe the api-destination(s). An api-destination 'd' does not exist.")
}

func TestConnections_Listings_HavePagesAndFilters(t *testing.T) {
	s := start(t)
	for i := range 5 {
		s.destination(fmt.Sprintf("d%d", i))
	}
	s.Do("DeauthorizeConnection", M{"Name": "of-d1"})
	names := func(in M) (all []string) {
		for {
			page := must[events.ListConnectionsOutput](s, "ListConnections", in)
			for _, c := range page.Connections {
				all = append(all, c.Name)
			}
			if page.NextToken == "" {
				return all
			}
			in["NextToken"] = page.NextToken
		}
	}
	if got := fmt.Sprint(names(M{"Limit": 2})); got != "[of-d0 of-d1 of-d2 of-d3 of-d4]" {
		t.Error(got)
	}
	if got := names(M{"Limit": 2, "ConnectionState": "DEAUTHORIZED"}); fmt.Sprint(got) != "[of-d1]" {
		t.Error(got)
	}
	if got := names(M{"NamePrefix": "of-d3"}); fmt.Sprint(got) != "[of-d3]" {
		t.Error(got)
	}
	page := must[events.ListApiDestinationsOutput](s, "ListApiDestinations", M{"NamePrefix": "d"})
	if len(page.ApiDestinations) != 5 || page.ApiDestinations[1].ApiDestinationState != "INACTIVE" {
		t.Errorf("%+v", page)
	}
	page = must[events.ListApiDestinationsOutput](s, "ListApiDestinations",
		M{"ConnectionArn": page.ApiDestinations[2].ConnectionArn})
	if len(page.ApiDestinations) != 1 || page.ApiDestinations[0].Name != "d2" {
		t.Errorf("%+v", page)
	}
}
