import assert from "node:assert/strict";
import { test } from "node:test";

import { parseKubeletName } from "../../src/container/names.ts";
import { containerId } from "../../src/discovery/container-id.ts";

/** A line of mountinfo with this root. */
function mount(root: string): string {
  return `773 760 259:16 ${root} /dev/termination-log rw,nosuid,nodev,noatime - ext4 /dev/nvme1n1p1 rw,seclabel`;
}

test("the kubelet's name: only from a mount of its own directory of containers", () => {
  const uid = "d05ceb29-4d8b-4c43-9eaa-d7acddc25247";
  const pods = "/var/lib/kubelet/pods";
  const cases: [string, string | undefined][] = [
    [mount(`${pods}/${uid}/containers/maven/7aa42719`), "maven"],
    // A kubelet with a file system of its own, and one elsewhere.
    [mount(`/pods/${uid}/containers/maven/7aa42719`), "maven"],
    [mount(`/data/kubelet/pods/${uid}/containers/my-shell/0447d6c5`), "my-shell"],
    // What somebody made in a volume.
    [mount(`${pods}/${uid}/volumes/kubernetes.io~empty-dir/v/pods/${uid}/containers/maven/7aa42719`), undefined],
    [mount(`${pods}/${uid}/etc-hosts`), undefined],
    [mount(`${pods}/${uid}/containers/maven`), undefined],
    [mount(`${pods}/${uid}/containers/maven/7aa4271`), undefined],
    ["", undefined],
    [`${mount(`${pods}/${uid}/containers/a/7aa42719`)}\n${mount(`${pods}/${uid}/containers/b/7aa42719`)}`, undefined],
  ];
  for (const [text, name] of cases) assert.equal(parseKubeletName(text), name, text);
});

test("a container's id in the path of its cgroup", () => {
  const id = "0123456789abcdef".repeat(4);
  const fake = "f".repeat(64);
  const cases: [string, string | undefined][] = [
    [`0::/kubepods.slice/kubepods-pod1_2.slice/cri-containerd-${id}.scope`, id],
    [`0::/kubepods.slice/crio-${id}.scope`, id],
    [`11:memory:/kubepods/besteffort/pod6d1b/${id}\n0::/`, id],
    [`0::/../${id}`, id],
    [`0::/docker/${id}`, id],
    [`0::/libpod_parent/libpod_pod_${fake}/libpod-${id}`, id],
    // What the container itself makes is below its own.
    [`0::/docker/${id}/${fake}`, id],
    [`0::/user.slice/${id}0`, undefined],
    ["0::/", undefined],
    ["", undefined],
  ];
  for (const [text, expected] of cases) assert.equal(containerId(text), expected, text);
});
