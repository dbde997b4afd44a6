package clientprops

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/tracklayer/amazon-capi/internal/kafka/javaprops"
)

// parse reads the text of a properties file.
func parse(t testing.TB, text string) []Property {
	t.Helper()
	entries, err := javaprops.Parse([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	var all []Property
	for _, e := range entries {
		all = append(all, Property{e.Name, e.Value, fmt.Sprint(e.Line)})
	}
	return all
}

func TestRead(t *testing.T) {
	for name, tc := range map[string]struct{ text, want string }{
		"a Java consumer": {`
bootstrap.servers=k1:9093,k2:9093
security.protocol=SASL_SSL
sasl.mechanism=SCRAM-SHA-512
sasl.jaas.config=org.apache.kafka.common.security.scram.ScramLoginModule required \
  username="ann" \
  password="p=w;\\"d";
ssl.truststore.location=/etc/kafka/trust.jks
ssl.truststore.password=trust-pw
ssl.truststore.type=JKS
ssl.endpoint.identification.algorithm=
group.id=g
session.timeout.ms=30000
key.deserializer=org.apache.kafka.common.serialization.StringDeserializer
enable.auto.commit=false
auto.offset.reset=latest
client.rack=a`, `brokers=k1:9093,k2:9093 group=g sasl-mechanism=SCRAM-SHA-512 sasl-password=p=w;"d sasl-username=ann session-timeout=30000ms start=latest ` +
			`tls=true tls-any-host=true tls-ca=/etc/kafka/trust.jks tls-ca-password=trust-pw | client.rack enable.auto.commit key.deserializer`},
		"Confluent Cloud, OAuth": {`
security.protocol=SASL_SSL
sasl.mechanism=OAUTHBEARER
sasl.oauthbearer.token.endpoint.url=https://idp/token
sasl.login.callback.handler.class=org.apache.kafka.common.security.oauthbearer.secured.OAuthBearerLoginCallbackHandler
sasl.jaas.config=org.apache.kafka.common.security.oauthbearer.OAuthBearerLoginModule required clientId='id' scope='a b' clientSecret='s3cr' extension_logicalCluster='lkc-1' extension_identityPoolId='pool,1';
schema.registry.url=https://psrc
basic.auth.credentials.source=USER_INFO
basic.auth.user.info=user:pass:word`, `registry=https://psrc registry-password=pass:word registry-username=user sasl-mechanism=OAUTHBEARER sasl-oauth-extensions=logicalCluster=lkc-1,"identityPoolId=pool,1" ` +
			`sasl-oauth-scopes=a,b sasl-oauth-token-url=https://idp/token sasl-password=s3cr sasl-username=id tls=true | `},
		"Confluent Cloud's registry, OAuth": {`
schema.registry.url=https://psrc
bearer.auth.credentials.source=OAUTHBEARER
bearer.auth.issuer.endpoint.url=https://idp/token
bearer.auth.client.id=id
bearer.auth.client.secret=s3cr
bearer.auth.scope=a b
bearer.auth.logical.cluster=lsrc-1
bearer.auth.identity.pool.id=pool-2
bearer.auth.cache.expiry.buffer.seconds=300`, `registry=https://psrc registry-cluster=lsrc-1 registry-identity-pool=pool-2 registry-password=s3cr ` +
			`registry-token-scopes=a,b registry-token-url=https://idp/token registry-username=id | bearer.auth.cache.expiry.buffer.seconds`},
		"the registry's token": {`
schema.registry.bearer.auth.credentials.source=STATIC_TOKEN
schema.registry.bearer.auth.token=t0ken`, `registry-token=t0ken | `},
		"a token's file": {`
security.protocol=SASL_PLAINTEXT
sasl.mechanism=OAUTHBEARER
sasl.oauthbearer.token.endpoint.url=file:///var/run/token`, "sasl-mechanism=OAUTHBEARER sasl-password-file=/var/run/token tls=false | "},
		"MSK": {`
security.protocol=SASL_SSL
sasl.mechanism=AWS_MSK_IAM
sasl.jaas.config=software.amazon.msk.auth.iam.IAMLoginModule required awsRoleArn="arn:aws:iam::1:role/r" awsStsRegion="eu-west-1" awsProfileName=p;
sasl.client.callback.handler.class=software.amazon.msk.auth.iam.IAMClientCallbackHandler`,
			"aws-profile=p aws-role-arn=arn:aws:iam::1:role/r aws-sts-region=eu-west-1 sasl-mechanism=AWS_MSK_IAM tls=true | sasl.client.callback.handler.class"},
		"MSK by OAUTHBEARER": {`
security.protocol=SASL_SSL
sasl.mechanism=OAUTHBEARER
sasl.jaas.config=org.apache.kafka.common.security.oauthbearer.OAuthBearerLoginModule required awsProfileName="p";
sasl.login.callback.handler.class=software.amazon.msk.auth.iam.IAMOAuthBearerLoginCallbackHandler`, "aws-profile=p sasl-mechanism=AWS_MSK_IAM tls=true | "},
		"Strimzi": {`
security.protocol=SASL_SSL
sasl.mechanism=OAUTHBEARER
sasl.jaas.config=org.apache.kafka.common.security.oauthbearer.OAuthBearerLoginModule required oauth.client.id="team-a" oauth.client.secret="s3cr" \
  oauth.token.endpoint.uri="https://keycloak/realms/x/token" oauth.scope="a b" oauth.sasl.extension.pool="p" oauth.username.claim="sub" \
  oauth.ssl.truststore.location="/idp.p12" oauth.ssl.truststore.password="t3st" ;
sasl.login.callback.handler.class=io.strimzi.kafka.oauth.client.JaasClientOauthLoginCallbackHandler`,
			"sasl-mechanism=OAUTHBEARER sasl-oauth-extensions=pool=p sasl-oauth-scopes=a,b sasl-oauth-token-url=https://keycloak/realms/x/token sasl-password=s3cr sasl-username=team-a tls=true | sasl.jaas.config"},
		"Strimzi, with a token's file": {`
security.protocol=SASL_PLAINTEXT
sasl.mechanism=OAUTHBEARER
sasl.jaas.config=a.OAuthBearerLoginModule required oauth.access.token.location="/var/run/token" oauth.access.token.is.jwt="false" ;`,
			"sasl-mechanism=OAUTHBEARER sasl-password-file=/var/run/token tls=false | "},
		"librdkafka": {`
metadata.broker.list=k:1
security.protocol=sasl_ssl
sasl.mechanisms=PLAIN
sasl.username=u
sasl.password=p
ssl.ca.location=probe
debug=all
ssl.certificate.location=c.pem
ssl.key.location=k.pem
ssl.key.password=kp`, "brokers=k:1 sasl-mechanism=PLAIN sasl-password=p sasl-username=u tls=true tls-cert=c.pem tls-key=k.pem tls-key-password=kp | debug"},
		"what the protocol has no use for": {`
security.protocol=PLAINTEXT
sasl.mechanism=PLAIN
sasl.jaas.config=a.PlainLoginModule required username="u" password="pppp";
ssl.truststore.location=x`, "tls=false | sasl.jaas.config sasl.jaas.config sasl.mechanism ssl.truststore.location"},
		"the last counts":         {"group.id=a\ngroup.id=b", "group=b | "},
		"a store for key and PEM": {"ssl.keystore.key=k\nssl.keystore.location=s.p12", "tls-cert=s.p12 | "},
		"Kerberos by default":     {"security.protocol=SASL_SSL", "sasl-mechanism=GSSAPI tls=true | "},
		"empty":                   {"group.id=\n", " | group.id"},
		"others'":                 {"confluent.monitoring.interceptor.topic=x\nschema.registry.ssl.truststore.location=y\nmax.poll.records=1", " | confluent.monitoring.interceptor.topic max.poll.records schema.registry.ssl.truststore.location"},
	} {
		r, err := Read(parse(t, tc.text))
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		var taken, notes []string
		for _, x := range r.Taken {
			taken = append(taken, string(x.Setting)+"="+x.Value)
		}
		for _, n := range r.Notes {
			notes = append(notes, n.Property)
		}
		slices.Sort(notes)
		if got := strings.Join(taken, " ") + " | " + strings.Join(notes, " "); got != tc.want {
			t.Errorf("%s:\n got %s\nwant %s", name, got, tc.want)
		}
	}
}

func TestMistakes(t *testing.T) {
	for text, want := range map[string]string{
		"x.y=1\n\nbootstrap.server=k": "3: bootstrap.server: there is no such property of Kafka's clients; did you mean bootstrap.servers?",
		"SASL.MECHANISM=PLAIN":        "did you mean sasl.mechanism?",
		"auto.offset.reset=earlest":   `"earlest" is unknown, want earliest or latest`,
		"sasl.jaas.config=a.b.ScramLoginModul required password=\"hunter22\";": "did you mean ScramLoginModule?",
		"ssl.trustore.location=k":    "did you mean ssl.truststore.location?",
		"sasl.jaas.conf=hunter22":    "did you mean sasl.jaas.config?",
		"security.protocol=SASL-SSL": "want PLAINTEXT, SSL, SASL_PLAINTEXT or SASL_SSL",
		"sasl.jaas.config=hunter22":  "1: sasl.jaas.config: it cannot be read",
		"sasl.jaas.config=a.PlainLoginModule required password=\"hunter22":                       "not closed",
		"sasl.jaas.config=a.PlainLoginModule required pasword=\"hunter22\";":                     "did you mean password?",
		"sasl.jaas.config=a.Krb5LoginModule required x=y;":                                       "Kerberos",
		"sasl.jaas.config=a.OtherLoginModule required x=hunter22;":                               "is not known here",
		"sasl.jaas.config=a.PlainLoginModule required\nusername=\"u\" password=\"hunter22\";":    "wants a backslash",
		"sasl.jaas.config=a.PlainLoginModule required u=v \\\n;\n\"hunter22\";":                  "a name of 11 characters",
		"sasl.jaas.config=a.OAuthBearerLoginModule required oauth.refresh.token=\"hunter22\";":   `its option oauth.refresh.token is not supported, want oauth.client.id`,
		"sasl.jaas.config=a.OAuthBearerLoginModule required oauth.audience=\"hunter22\";":        `oauth.audience is not supported`,
		"sasl.jaas.config=a.OAuthBearerLoginModule required oauth.client.secrt=\"hunter22\";":    "did you mean oauth.client.secret?",
		"sasl.jaas.config=a.OAuthBearerLoginModule required oauth.token.endpoint.url=\"h://x\";": "did you mean oauth.token.endpoint.uri?",
		"ssl.keystore.type=BCFKS":                                 "want JKS, PKCS12 or PEM",
		"session.timeout.ms=soon":                                 "not a number of milliseconds",
		"enable.ssl.certificate.verification=false":               "always verified",
		"bearer.auth.credentials.source=SASL_OAUTHBEARER_INHERIT": "want STATIC_TOKEN or OAUTHBEARER",
		"sasl.oauthbearer.grant.type=urn:x":                       "client_credentials",
		"basic.auth.user.info=hunter22":                           "USER:PASSWORD",
		"basic.auth.credentials.source=SASL_INHERIT":              "USER_INFO or URL",
		"sasl.password=${file:/x:y}":                              "provider",
		"ssl.endpoint.identification.algorithm=ldap":              "want https",
	} {
		r, err := Read(parse(t, text))
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %+v, %v; want %q", text, r, err, want)
		}
		if err != nil && strings.Contains(err.Error(), "hunter") {
			t.Errorf("%q: the error shows a secret: %v", text, err)
		}
	}
}

// TestTables: nothing is both translated and without meaning.
func TestTables(t *testing.T) {
	for name := range translated {
		if without[name] {
			t.Errorf("%s is in both tables", name)
		}
	}
	for name := range without {
		if name != strings.ToLower(name) || len(name) < 4 {
			t.Errorf("%q is not a property", name)
		}
	}
}

func FuzzRead(f *testing.F) {
	f.Add("sasl.jaas.config", `a.PlainLoginModule required username="u" password="p";`)
	f.Add("security.protocol", "SASL_SSL")
	f.Add("ssl.keystore.key", "-----BEGIN")
	f.Fuzz(func(t *testing.T, name, value string) {
		const secret = "Zq9-secret-Zq9"
		r, err := Read([]Property{{name, value + secret, "x"}})
		if (r == nil) == (err == nil) {
			t.Error("neither a result nor an error, or both")
		}
		if err != nil && Secret(name) && strings.Contains(err.Error(), secret) {
			t.Errorf("the error shows the value: %v", err)
		}
	})
}
