#!/usr/bin/env bash
# Makes the stores of this folder again, with Java's keytool and OpenSSL. They last for
# a hundred years. Passwords: the store's is store-pass, the key's in JKS key-pass.
set -eu
cd "$(dirname "$0")"
rm -f ./*.jks ./*.p12 ./*.pem
days=36500
keytool -genkeypair -keyalg EC -alias client -dname CN=client -validity $days -storetype JKS -keystore key.jks -storepass store-pass -keypass key-pass
keytool -genkeypair -keyalg RSA -keysize 2048 -alias client -dname CN=client -validity $days -storetype PKCS12 -keystore key.p12 -storepass store-pass
keytool -exportcert -rfc -alias client -keystore key.p12 -storepass store-pass -file cert.pem
for type in JKS PKCS12; do
  store=trust.$(if [ $type = JKS ]; then echo jks; else echo p12; fi)
  keytool -importcert -noprompt -alias ca -file cert.pem -storetype $type -keystore "$store" -storepass store-pass
done
keytool -importkeystore -srckeystore key.p12 -srcstorepass store-pass -destkeystore key.jceks.tmp -deststoretype JCEKS -deststorepass store-pass
mv key.jceks.tmp jceks.jks
openssl pkcs12 -in key.p12 -passin pass:store-pass -nodes -nocerts 2>/dev/null | openssl pkey -out plain.pem
openssl pkcs8 -topk8 -v2 aes256 -in plain.pem -passout pass:key-pass -out pbes2.pem
openssl pkcs8 -topk8 -scrypt -in plain.pem -passout pass:key-pass -out scrypt.pem
openssl pkcs8 -topk8 -v1 PBE-SHA1-3DES -in plain.pem -passout pass:key-pass -out pbes1.pem
openssl rsa -traditional -aes256 -in plain.pem -passout pass:key-pass -out traditional.pem
openssl rsa -traditional -in plain.pem -out pkcs1.pem
cat cert.pem pbes2.pem >both.pem
openssl pkcs12 -export -in cert.pem -nokeys -passout pass:store-pass -out untrusted.p12
