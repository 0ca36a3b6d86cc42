package model

import "claviger/internal/shape"

// members say what each member is for, in a sentence of ours. What a member means in one structure
// and not in all has that one's name before it. The OpenAPI document and the page show them.
var members = shape.Sentences{
	"ARN":               "The parameter as an ARN, which has one slash before the name.",
	"AllowedPattern":    "A regular expression, in Java's form, that each value has to match as a whole.",
	"DataType":          "What the value is: text, aws:ec2:image or aws:ssm:integration.",
	"DeletedParameters": "The names of the parameters that are gone.",
	"DeletionMode":      "Is about documents: of a parameter it says nothing.",
	"Description":       "A note for people about what the parameter is for.",
	"Filters": "What the parameters must be like that are listed, in an older form; " +
		"instead of ParameterFilters.",
	"InvalidLabels":     "The labels that could not be put on, or were not there to be taken away.",
	"InvalidParameters": "The names that no parameter or version has, as they were asked for.",
	"KeyId":             "The KMS key that seals a SecureString; absent: the one that the service manages.",
	"Labels":            "Names for a version: letters, digits and .-_, with no digit first.",
	"LastModifiedDate":  "When the version was made.",
	"LastModifiedUser":  "Who made the version, as an ARN.",
	"MaxResults":        "How many entries a page has at most.",
	"Name":              "The parameter's name: letters, digits and .-_, in up to 15 levels divided by slashes.",
	"Names":             "The names of the parameters.",
	"NextToken":         "Where the next page begins, as the page before has told; absent: there is none.",
	"Overwrite": "Gives a parameter that is there a new version; absent: false, and a name that is " +
		"taken is refused.",
	"Parameter":        "The parameter with its value.",
	"ParameterFilters": "What the parameters must be like that are listed: all filters must hold.",
	"ParameterVersion": "A version of the parameter, by its number.",
	"Parameters":       "The parameters of this answer.",
	"Path":             "The place in the hierarchy that the parameters are below, with a slash at its beginning.",
	"Policies":         "What becomes of the parameter when: expiration, and notices of it or of no change.",
	"Policy":           "A resource policy, as JSON.",
	"PolicyHash":       "Tells the resource policy from those that were there before.",
	"PolicyId":         "Which resource policy of the parameter it is.",
	"Recursive":        "Returns what is anywhere below the path, and not only directly.",
	"RemovedLabels":    "The labels that were taken away.",
	"ResourceArn":      "The parameter, by its ARN.",
	"ResourceId":       "The parameter's name.",
	"ResourceType":     "What has the tags: Parameter.",
	"Selector":         "The version that was asked for, as a colon and its number or label.",
	"ServiceSetting":   "The setting as it is now.",
	"SettingId": "The setting: /ssm/parameter-store/default-parameter-tier or " +
		"/ssm/parameter-store/high-throughput-enabled, or its ARN.",
	"SettingValue": "What it is set to.",
	"Shared": "Lists the parameters of other accounts that share them with the caller, and not the " +
		"caller's own; absent: false.",
	"SourceResult": "What another service answered, for a name below /aws/reference.",
	"Status":       "Default where nothing was set, and else Customized.",
	"TagKeys":      "The keys of the tags to take away.",
	"TagList":      "The parameter's tags.",
	"Tags":         "Pairs that people and policies tell parameters apart by.",
	"Tier": "Standard, for values of up to 4 KB, Advanced, for up to 8 KB and policies, or " +
		"Intelligent-Tiering, which chooses one of them.",
	"Type":           "String, StringList (items with commas between them) or SecureString (sealed).",
	"Value":          "The value; absent for a secret that is binary.",
	"Version":        "The number of the version.",
	"WithDecryption": "Returns a SecureString in clear; absent: its ciphertext, in Base64.",

	"ParameterInlinePolicy.PolicyStatus": "Pending, InProgress, Finished or Failed.",
	"ParameterInlinePolicy.PolicyText":   "The policy, as JSON.",
	"ParameterInlinePolicy.PolicyType": "Expiration, ExpirationNotification or " +
		"NoChangeNotification.",

	"ParameterStringFilter.Key": "What is looked at: Name, Path, Type, KeyId, Tier, DataType or " +
		"tag: and a key; by a path only Type, KeyId or Label.",
	"ParameterStringFilter.Option": "Equals, which is usual, BeginsWith, or for a Name Contains; " +
		"for a Path OneLevel, which is usual, or Recursive.",
	"ParameterStringFilter.Values": "One of these must fit; a tag may be asked for without any.",
	"ParametersFilter.Key":         "What is looked at: Name, Type or KeyId.",
	"ParametersFilter.Values":      "One of these must fit: how a name begins, or all of the others.",

	"GetResourcePoliciesOutput.Policies": "The resource policies of the parameter: one or none.",

	"Tag.Key":   "The tag's key, unique on its parameter.",
	"Tag.Value": "The tag's value, which may be empty.",
}
