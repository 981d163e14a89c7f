/**
 * L7 rule → ACL. Lines of one name are alternatives.
 *
 * | rule | what is looked at |
 * |---|---|
 * | HOST_NAME | the Host header, upper and lower case being the same, with its port and without |
 * | PATH | the path without the query |
 * | FILE_TYPE | EQUAL_TO: what is behind the path's last dot; REGEX: the whole path, as in Octavia |
 * | HEADER | each of the header's values, and where the rule has a comma in it the whole header too |
 * | COOKIE | each cookie of that name |
 * | SSL_CONN_HAS_CERT | whether the client showed a certificate |
 * | SSL_VERIFY_RESULT | OpenSSL's number for what is wrong with it; 0 is nothing |
 * | SSL_DN_FIELD | one field of its subject: CN, OU, … |
 */
import type { CompareType, RuleType } from '../../model/l7-rule.ts';
import type { RuleTopology } from '../../model/topology.ts';
import { type Argument, checkedName, fetch, integer, name, text, word } from './argument.ts';
import { shown } from '../shown.ts';
import { CompileError } from './compile-error.ts';
import type { Directive } from './directive.ts';
import { aclName } from './names.ts';
import { comparedValue } from './rule-value.ts';
import { unsupportedRule } from './support.ts';

const DN_FIELD = /^[A-Za-z][A-Za-z0-9-]*$/;
/** RFC 9110 §5.6.2. */
const TOKEN = /^[A-Za-z0-9!#$%&'*+\-.^_`|~]+$/;

const MATCHES: Readonly<Record<CompareType, Argument>> = {
  REGEX: word('reg'),
  STARTS_WITH: word('beg'),
  ENDS_WITH: word('end'),
  CONTAINS: word('sub'),
  EQUAL_TO: word('str'),
};

/** Throws a CompileError when the rule cannot be carried or written. */
export function ruleAcls(rule: RuleTopology): Directive[] {
  const unsupported = unsupportedRule({ type: rule.type, compare_type: rule.compareType, value: rule.value });
  const fetches = Object.hasOwn(FETCHES, rule.type) ? FETCHES[rule.type] : undefined;
  if (unsupported !== null || !fetches) throw new CompileError(`L7 rule ${checkedName(rule.id)}: ${unsupported ?? shown(rule.type)} is not carried`);
  return fetches(rule).map((words): Directive => [word('acl'), name(aclName(rule.id)), ...words]);
}

/** The words behind the ACL's name, once for each alternative. */
const FETCHES: Readonly<Partial<Record<RuleType, (rule: RuleTopology) => Directive[]>>> = {
  HOST_NAME: hostName,
  PATH: (rule) => [[word('path'), ...comparison(rule)]],
  FILE_TYPE: fileType,
  HEADER: header,
  COOKIE: (rule) => [[fetch('req.cook', key(rule), ''), ...comparison(rule)]],
  SSL_CONN_HAS_CERT: () => [[word('ssl_c_used')]],
  SSL_VERIFY_RESULT: (rule) => [[word('ssl_c_verify'), word('eq'), verifyResult(rule)]],
  SSL_DN_FIELD: (rule) => [[fetch('ssl_c_s_dn', dnField(rule), ''), ...comparison(rule)]],
};

/** A client adds the port unless it is 80; whoever wrote the rule meant the name. */
function hostName(rule: RuleTopology): Directive[] {
  const anyCase = [word('-i'), ...comparison(rule)];
  const whole: Directive = [fetch('req.hdr', 'host', ''), ...anyCase];
  // How a name begins and what is in it does not depend on what follows.
  if (rule.compareType === 'STARTS_WITH' || rule.compareType === 'CONTAINS') return [whole];
  return [whole, [fetch('req.hdr', 'host', ',host_only'), ...anyCase]];
}

/**
 * The amphora compares the whole path with the file type, so that EQUAL_TO never applies; here it does what Octavia's
 * documentation says. A dot that the value begins with is the one that is meant.
 */
function fileType(rule: RuleTopology): Directive[] {
  if (rule.compareType === 'REGEX') return [[word('path'), ...comparison(rule)]];
  if (rule.compareType !== 'EQUAL_TO') throw invalid(rule, 'comparison of a file type', rule.compareType);
  const value = comparedValue(rule);
  return [[word('path'), word('-m'), word('end'), word('--'), text(value.startsWith('.') ? value : `.${value}`)]];
}

/** HAProxy cuts a header at its commas: without the whole of it, a value with a comma could never be found. */
function header(rule: RuleTopology): Directive[] {
  const values: Directive = [fetch('req.hdr', key(rule), ''), ...comparison(rule)];
  return comparedValue(rule).includes(',') ? [values, [fetch('req.fhdr', key(rule), ''), ...comparison(rule)]] : [values];
}

/** Behind the two dashes a value is a value, whatever it begins with. */
function comparison(rule: RuleTopology): Argument[] {
  if (!Object.hasOwn(MATCHES, rule.compareType)) throw invalid(rule, 'comparison', rule.compareType);
  return [word('-m'), MATCHES[rule.compareType], word('--'), text(comparedValue(rule))];
}

function key(rule: RuleTopology): string {
  if (rule.key === null || !TOKEN.test(rule.key)) throw invalid(rule, 'key', rule.key);
  return rule.key;
}

/** OpenSSL's codes are below 100; HAProxy holds a 32-bit number. */
function verifyResult(rule: RuleTopology): Argument {
  if (!/^\d{1,10}$/.test(rule.value)) throw invalid(rule, 'result of a verification', rule.value);
  return integer(Number(rule.value), 0, 2_147_483_647);
}

function dnField(rule: RuleTopology): string {
  if (rule.key === null || !DN_FIELD.test(rule.key)) throw invalid(rule, 'field of a name', rule.key);
  return rule.key;
}

function invalid({ id }: RuleTopology, what: string, value: unknown): CompileError {
  return new CompileError(`not a valid ${what} of L7 rule ${checkedName(id)}: ${shown(value)}`);
}
