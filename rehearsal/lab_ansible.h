// tidb-ansible on the lab's control machine.
#pragma once

#include <string>
#include <vector>

#include "base/result.h"
#include "lab/hosts/tree.h"
#include "lab/session/home.h"
#include "rehearsal/lab_command.h"
#include "rehearsal/run.h"

namespace tidegate::rehearsal {

/// The folder of tidb-ansible where the site file or the procedure says that it lies: a copy of the
/// operator's own checkout, where this machine has one there, else playbooks of ours. The inventory
/// is the scenario's, the new binaries are the lab's. Nothing where nobody speaks of such a folder.
/// Errors: kIo; of the site file.
Status SupplyAnsibleDir(const Prepared& prepared, const LabInputs& inputs, const lab::Home& home,
                        const lab::Trees& trees);

/// Addresses of the hosts that only the inventories know: monitoring and the like. A play of all
/// hosts visits them too. Errors: of the inventories.
Result<std::vector<std::string>> OtherHosts(const LabInputs& inputs, const sim::RunPlan& plan);

/// What playbooks call besides Ansible's own: `pip` and `python2`. Errors: kIo.
Status SupplyTools(const lab::Trees& trees);

/// Where Ansible finds what today's release lacks and older playbooks use; a folder that the user
/// names comes first. Errors: kIo.
Status AddAnsible(std::vector<std::string>* environment);

}  // namespace tidegate::rehearsal
