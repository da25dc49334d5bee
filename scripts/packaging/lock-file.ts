/** One package of package-lock.json, as far as it is read or written here. */
export interface LockEntry {
  readonly version?: string;
  readonly resolved?: string;
  readonly dev?: boolean;
  readonly optional?: boolean;
  readonly optionalDependencies?: Readonly<Record<string, string>>;
  readonly cpu?: readonly string[];
  readonly libc?: readonly string[];
  readonly os?: readonly string[];
}

export interface Lock {
  readonly packages: Record<string, LockEntry>;
}

interface Absent {
  readonly path: string;
  readonly entry: LockEntry;
}

/** The platform binaries that some package asks for by exact version and that have no entry. */
export function findAbsentBinaries({ packages }: Lock): readonly Absent[] {
  const absent: Absent[] = [];
  for (const [parent, { dev, optionalDependencies = {} }] of Object.entries(packages)) {
    for (const [name, version] of Object.entries(optionalDependencies)) {
      const places = [`${parent}/node_modules/${name}`, `node_modules/${name}`];
      if (places.some((place) => Object.hasOwn(packages, place))) continue;
      const entry = { version, ...(dev && { dev }), optional: true, ...parsePlatform(name) };
      absent.push({ path: `node_modules/${name}`, entry });
    }
  }
  return absent;
}

const systems = 'aix|android|darwin|freebsd|linux|netbsd|openbsd|openharmony|sunos|win32';
const processors = 'arm64|arm|ia32|loong64|ppc64|riscv64|s390x|x64';
const platform = new RegExp(`-(${systems})-(${processors})(?:-(\\w+))?$`);

function parsePlatform(name: string): Pick<LockEntry, 'cpu' | 'libc' | 'os'> {
  const [, os, cpu, abi] = platform.exec(name) ?? [];
  if (os === undefined || cpu === undefined) {
    throw new Error(
      `The name ${name} tells no platform: add its entry to package-lock.json by hand.`,
    );
  }
  if (abi?.startsWith('musl')) return { cpu: [cpu], libc: ['musl'], os: [os] };
  if (abi?.startsWith('gnu')) return { cpu: [cpu], libc: ['glibc'], os: [os] };
  return { cpu: [cpu], os: [os] };
}
