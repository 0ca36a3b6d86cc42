package main

import (
	"fmt"
	"strings"
)

// ssm is what signatures and X-Amz-Target call Parameter Store.
const ssm = "AmazonSSM"

// kinds are the types of parameters that are measured, by AWS's names.
var kinds = []string{"String", "SecureString"}

// put is a PutParameter request of a value of 200 bytes, over whatever there is.
func put(name, kind string) string {
	return fmt.Sprintf(`{"Name":%q,"Type":%q,"Value":%q,"Overwrite":true}`, name, kind,
		strings.Repeat("v", 200))
}

// prepareParameters makes the parameters that are read: ten of each kind below /bench/String and
// /bench/SecureString.
func prepareParameters(c *client) error {
	for _, kind := range kinds {
		for i := range 10 {
			body := put(fmt.Sprintf("/bench/%s/%d", kind, i), kind)
			if err := c.call("ssm", ssm+".PutParameter", body, nil); err != nil {
				return err
			}
		}
	}
	return nil
}

// parameterLines are the lines about parameters.
func parameterLines(c *client) (lines []line) {
	for _, kind := range kinds {
		get := fmt.Sprintf(`{"Name":"/bench/%s/0","WithDecryption":true}`, kind)
		lines = append(lines, line{"GetParameter " + kind, "", nil, same(c, ssm+".GetParameter", get)})
	}
	for _, kind := range kinds {
		get := fmt.Sprintf(`{"Path":"/bench/%s","WithDecryption":true}`, kind)
		lines = append(lines, line{"GetParametersByPath 10 " + kind + "s", "", nil,
			same(c, ssm+".GetParametersByPath", get)})
	}
	for _, kind := range kinds {
		lines = append(lines, line{"PutParameter " + kind, "", nil, putAnew(c, kind)})
	}
	return lines
}

// putAnew has each client give a parameter of its own one version after another. From the hundredth
// on, each takes the oldest one's place.
func putAnew(c *client, kind string) requests {
	return func(clients int) func(int, int) []byte {
		puts := make([][]byte, clients)
		for i := range puts {
			puts[i] = c.request("ssm", ssm+".PutParameter", put(fmt.Sprintf("/put/%s/%d", kind, i), kind))
		}
		return func(client, _ int) []byte { return puts[client] }
	}
}
