/**
 * The certificate authority of an installation: it vouches for the server that agents connect to, and for each host's agent.
 * Nobody else's word counts between them. Its key is in a directory that only the server's user may read.
 */
import { createHash, randomBytes, webcrypto } from 'node:crypto';
import { join } from 'node:path';
import { makeDirectory } from '../../config/make-directory.ts';
import { writeSecret } from '../../config/secret-file.ts';
import { NodeError } from '../node.ts';
import { readIfThere } from '../local/files.ts';
import {
  BasicConstraintsExtension,
  ExtendedKeyUsage,
  ExtendedKeyUsageExtension,
  KeyUsageFlags,
  KeyUsagesExtension,
  PemConverter,
  Pkcs10CertificateRequest,
  Pkcs10CertificateRequestGenerator,
  SubjectAlternativeNameExtension,
  SubjectKeyIdentifierExtension,
  X509Certificate,
  X509CertificateGenerator,
} from './x509.ts';

/** What both sides of a connection show. PEM. */
export interface Credentials {
  readonly key: string;
  /** With the authority's behind it. */
  readonly certificate: string;
  readonly authority: string;
}

/** An agent's certificate, and what is written down of it. */
export interface Issued {
  readonly certificate: string;
  /** Hexadecimal digits, as Node shows the serial number of a peer's. */
  readonly serial: string;
  readonly expiresAt: Date;
}

const ALGORITHM = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' } as const;
const DAY_MS = 86_400_000;
const AUTHORITY_DAYS = 3650;
const SERVER_DAYS = 1825;
/** Of an agent's certificate; it asks for another when two thirds of them are over. */
export const AGENT_DAYS = 90;
/** Clocks differ. */
const SKEW_MS = 600_000;
/** The server's name in its certificate: an agent knows it by its authority, wherever it is. */
export const SERVER_NAME = 'edgeweir-server';

export class Authority {
  /** PEM. */
  readonly certificate: string;
  /** SHA-256 of the certificate, base64url: what tells it apart before it is trusted. */
  readonly fingerprint: string;
  readonly #key: webcrypto.CryptoKey;
  readonly #issuer: X509Certificate;

  private constructor(issuer: X509Certificate, key: webcrypto.CryptoKey) {
    this.#issuer = issuer;
    this.#key = key;
    this.certificate = issuer.toString('pem');
    this.fingerprint = fingerprintOf(Buffer.from(issuer.rawData));
  }

  /** Makes one where there is none; another server at the same time cannot be, for it would lack the lock on the state. */
  static async open(directory: string): Promise<Authority> {
    makeDirectory(directory, 0o700);
    const path = join(directory, 'authority.pem');
    const kept = await readIfThere(path);
    if (kept !== null) return Authority.#from(kept, path);
    const { keys, certificate } = await selfSigned();
    await writeSecret(path, `${await keyPem(keys.privateKey)}\n${certificate.toString('pem')}\n`);
    return new Authority(certificate, keys.privateKey);
  }

  static async #from(text: string, path: string): Promise<Authority> {
    try {
      const [key, certificate] = PemConverter.decode(text);
      if (!key || !certificate) throw new Error('it lacks a key or a certificate');
      return new Authority(new X509Certificate(certificate), await webcrypto.subtle.importKey('pkcs8', key, ALGORITHM, false, ['sign']));
    } catch (error) {
      throw new NodeError(`${path} is damaged: bring it back from a backup, or remove it and let all hosts join anew`, { cause: error });
    }
  }

  /** For the port that agents connect to; made anew at each start. */
  async forServer(now = new Date()): Promise<Credentials> {
    const keys = await newKeys();
    const use = new ExtendedKeyUsageExtension([ExtendedKeyUsage.serverAuth]);
    const name = new SubjectAlternativeNameExtension([{ type: 'dns', value: SERVER_NAME }]);
    const certificate = await this.#sign({ subject: SERVER_NAME, publicKey: keys.publicKey, days: SERVER_DAYS, now, extensions: [use, name] });
    const authority = this.certificate;
    return { key: await keyPem(keys.privateKey), certificate: `${certificate.toString('pem')}\n${authority}`, authority };
  }

  /** For a host's agent, whose key is the one the request was signed with; nothing else of the request counts. Throws a NodeError for what is none. */
  async forAgent(request: string, hostId: string, now = new Date()): Promise<Issued> {
    const publicKey = await requestedKey(request);
    const use = new ExtendedKeyUsageExtension([ExtendedKeyUsage.clientAuth]);
    const certificate = await this.#sign({ subject: hostId, publicKey, days: AGENT_DAYS, now, extensions: [use] });
    return { certificate: certificate.toString('pem'), serial: certificate.serialNumber.toUpperCase(), expiresAt: certificate.notAfter };
  }

  #sign({ subject, publicKey, days, now, extensions }: Signing): Promise<X509Certificate> {
    return X509CertificateGenerator.create({
      serialNumber: serialNumber(),
      subject: [{ CN: [subject] }],
      issuer: this.#issuer.subject,
      notBefore: new Date(now.getTime() - SKEW_MS),
      notAfter: new Date(now.getTime() + days * DAY_MS),
      publicKey,
      signingKey: this.#key,
      signingAlgorithm: ALGORITHM,
      extensions: [new BasicConstraintsExtension(false, undefined, true), new KeyUsagesExtension(KeyUsageFlags.digitalSignature, true), ...extensions],
    });
  }
}

interface Signing {
  readonly subject: string;
  readonly publicKey: webcrypto.CryptoKey;
  readonly days: number;
  readonly now: Date;
  readonly extensions: readonly (ExtendedKeyUsageExtension | SubjectAlternativeNameExtension)[];
}

/** SHA-256 of a certificate's DER, base64url. */
export function fingerprintOf(der: Buffer): string {
  return createHash('sha256').update(der).digest('base64url');
}

/** A new key, and a request for a certificate for it. PEM. */
export async function newRequest(): Promise<{ readonly key: string; readonly request: string }> {
  const keys = await newKeys();
  const request = await Pkcs10CertificateRequestGenerator.create({ name: [{ CN: ['agent'] }], keys, signingAlgorithm: ALGORITHM });
  return { key: await keyPem(keys.privateKey), request: request.toString('pem') };
}

async function requestedKey(text: string): Promise<webcrypto.CryptoKey> {
  try {
    const request = new Pkcs10CertificateRequest(text);
    if (!(await request.verify())) throw new Error('its signature is not of its key');
    return await request.publicKey.export(ALGORITHM, ['verify']);
  } catch (error) {
    throw new NodeError('the request for a certificate is none, or not for a key on the curve P-256', { cause: error });
  }
}

async function selfSigned(now = new Date()): Promise<{ keys: webcrypto.CryptoKeyPair; certificate: X509Certificate }> {
  const keys = await newKeys();
  const certificate = await X509CertificateGenerator.createSelfSigned({
    serialNumber: serialNumber(),
    name: [{ CN: [`Edgeweir ${randomBytes(4).toString('hex')}`] }],
    notBefore: new Date(now.getTime() - SKEW_MS),
    notAfter: new Date(now.getTime() + AUTHORITY_DAYS * DAY_MS),
    keys,
    signingAlgorithm: ALGORITHM,
    extensions: [
      new BasicConstraintsExtension(true, 0, true),
      new KeyUsagesExtension(KeyUsageFlags.keyCertSign | KeyUsageFlags.cRLSign, true),
      await SubjectKeyIdentifierExtension.create(keys.publicKey),
    ],
  });
  return { keys, certificate };
}

function newKeys(): Promise<webcrypto.CryptoKeyPair> {
  return webcrypto.subtle.generateKey(ALGORITHM, true, ['sign', 'verify']);
}

async function keyPem(key: webcrypto.CryptoKey): Promise<string> {
  return PemConverter.encode(await webcrypto.subtle.exportKey('pkcs8', key), 'PRIVATE KEY');
}

/** Positive and never beginning with a zero byte, so that everybody writes it in the same way (RFC 5280 §4.1.2.2). */
function serialNumber(): string {
  const bytes = randomBytes(16);
  bytes[0] = ((bytes[0] ?? 0) & 0x3f) | 0x40;
  return bytes.toString('hex');
}
