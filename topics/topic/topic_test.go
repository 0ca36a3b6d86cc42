package topic

import (
	"testing"
)

func TestCheckEndpoint_EachProtocol_TakesItsOwn(t *testing.T) {
	for endpoint, c := range map[string]struct {
		protocol string
		ok       bool
	}{
		"https://a.example.com/x?y=z": {HTTPS, true},
		"http://a.example.com":        {HTTP, true},
		"http://b.example.com":        {HTTPS, false},
		"https://c.example.com#f":     {HTTPS, false},
		"https://":                    {HTTPS, false},
		"d.example.com":               {HTTPS, false},
		"https://e.example.com/\n":    {HTTPS, false},
		"a@example.com":               {Email, true},
		"a+b@example.com":             {EmailJSON, true},
		"a@example.com, b@c.com":      {Email, false},
		"a@example.com\r\nBcc: x@y.z": {Email, false},
		"<a@example.com>":             {Email, false},
		"ä@example.com":               {Email, false},
		"":                            {Email, false},
	} {
		if err := CheckEndpoint(c.protocol, endpoint); (err == nil) != c.ok {
			t.Errorf("%s %q: %v", c.protocol, endpoint, err)
		}
	}
}

func TestDeliveryPolicy_OutOfBounds_IsRefused(t *testing.T) {
	for text, ok := range map[string]bool{
		`{"healthyRetryPolicy":{"numRetries":5}}`:                           true,
		`{"healthyRetryPolicy":{"numRetries":2,"numNoDelayRetries":3}}`:     false,
		`{"healthyRetryPolicy":{"minDelayTarget":21}}`:                      false,
		`{"healthyRetryPolicy":{"maxDelayTarget":3601}}`:                    false,
		`{"healthyRetryPolicy":{"backoffFunction":"sideways"}}`:             false,
		`{"throttlePolicy":{"maxReceivesPerSecond":0}}`:                     false,
		`{"requestPolicy":{"headerContentType":"application/json"}}`:        true,
		`{"requestPolicy":{"headerContentType":"text/plain\r\nX-A: b"}}`:    false,
		`{"requestPolicy":{"headerContentType":"text/csv; charset=UTF-8"}}`: true,
		`{"unknown":1}`: false,
		`{`:             false,
	} {
		if _, err := ReadSubscribedDelivery("", text); (err == nil) != ok {
			t.Errorf("%s: %v", text, err)
		}
	}
}

func TestEvent_Attributes_AreAsFiltersSeeThem(t *testing.T) {
	m := Message{Attributes: []Attribute{{"a", "String", `x"y`}, {"b", "Number", "1.5"},
		{"c", "String.Array", `["d",1]`}, {"e", "Binary", "AA=="}, {"f", "String.Array", "none"},
		{"g", "Number.int", "3"}}}
	const want = `{"a":"x\"y","b":1.5,"c":["d",1],"f":"none","g":3}`
	if got := string(m.Event()); got != want {
		t.Errorf("it is %s", got)
	}
}
