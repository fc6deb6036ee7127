#include "engine/inventory.h"

#include <boost/test/unit_test.hpp>
#include <string>
#include <string_view>

#include "tests/support/why.h"

namespace tidegate::engine {
namespace {

Inventory Read(std::string_view text) {
  Result<Inventory> inventory = Inventory::Parse(text, "inv.ini");
  BOOST_REQUIRE_MESSAGE(inventory.has_value(), test::Why(inventory));
  return *std::move(inventory);
}

std::string Failure(std::string_view text) {
  const Result<Inventory> inventory = Inventory::Parse(text, "inv.ini");
  return inventory.has_value() ? "accepted" : inventory.error().ToString();
}

std::string Names(const Inventory& inventory, std::string_view group) {
  std::string out;
  for (const InventoryHost* host : inventory.HostsOf(group)) {
    if (!out.empty()) out += ' ';
    out += host->name;
  }
  return out;
}

std::string Var(const Inventory& inventory, std::string_view host, std::string_view name) {
  const InventoryHost* found = inventory.FindHost(host);
  BOOST_REQUIRE_MESSAGE(found != nullptr, host);
  const auto value = inventory.Value(*found, name);
  if (!value.has_value()) return value.error().ToString();
  return value->has_value() ? (*value)->text : "(unset)";
}

BOOST_AUTO_TEST_SUITE(inventory)

BOOST_AUTO_TEST_CASE(groups_children_and_hosts) {
  const Inventory inventory =
      Read("lonely\n[a]\nh1\nh2\n[b]\nh2\nh3\n[p:children]\nb\na\n[pump_servers:children]\np\n");
  BOOST_TEST(Names(inventory, "a") == "h1 h2");
  BOOST_TEST(Names(inventory, "b") == "h2 h3");
  BOOST_TEST(Names(inventory, "pump_servers") == "h1 h2 h3");
  BOOST_TEST(Names(inventory, "all") == "lonely h1 h2 h3");
  BOOST_TEST(Names(inventory, "ungrouped") == "lonely");
  BOOST_TEST(Names(inventory, "nothing") == "");
}

BOOST_AUTO_TEST_CASE(host_variables_quotes_and_comments) {
  const Inventory inventory = Read(
      "# a comment\n; another\n\n[g]\n"
      "h1 ansible_host=10.0.0.1 labels=\"dc=a,host=b\" x='it is' y=a\\ b # the first\n"
      "h2\tdeploy_dir=/x#y  empty= z=\"say \\\"hi\\\"\"\n");
  BOOST_TEST(Var(inventory, "h1", "ansible_host") == "10.0.0.1");
  BOOST_TEST(Var(inventory, "h1", "labels") == "dc=a,host=b");
  BOOST_TEST(Var(inventory, "h1", "x") == "it is");
  BOOST_TEST(Var(inventory, "h1", "y") == "a b");
  BOOST_TEST(Var(inventory, "h2", "deploy_dir") == "/x#y");
  BOOST_TEST(Var(inventory, "h2", "empty") == "");
  BOOST_TEST(Var(inventory, "h2", "z") == "say \"hi\"");
  BOOST_TEST(Var(inventory, "h2", "nothing") == "(unset)");
}

BOOST_AUTO_TEST_CASE(group_variables_are_literals) {
  const Inventory inventory = Read(
      "[g]\nh\n[g:vars]\na = /home/tidb/deploy\nb=\"quoted # inside\" # outside\nc = True # yes\n"
      "d = 8250 # port\ne = plain # kept, as Ansible does\nf =\nlist = [\"zone\",\"rack\"]\n"
      "q = 'h:2181,h:2182/chroot'\n");
  BOOST_TEST(Var(inventory, "h", "a") == "/home/tidb/deploy");
  BOOST_TEST(Var(inventory, "h", "b") == "quoted # inside");
  BOOST_TEST(Var(inventory, "h", "c") == "True");
  BOOST_TEST(Var(inventory, "h", "d") == "8250");
  BOOST_TEST(Var(inventory, "h", "e") == "plain # kept, as Ansible does");
  BOOST_TEST(Var(inventory, "h", "f") == "");
  BOOST_TEST(Var(inventory, "h", "list") == "[\"zone\",\"rack\"]");
  BOOST_TEST(Var(inventory, "h", "q") == "h:2181,h:2182/chroot");
}

BOOST_AUTO_TEST_CASE(host_wins_over_child_over_parent_over_all) {
  const Inventory inventory = Read(
      "[child]\nh1 v=host\nh2\n[parent:children]\nchild\n[other]\nh3\n"
      "[all:vars]\nv=all\nw=all\nx=all\ny=all\n[parent:vars]\nv=parent\nw=parent\nx=parent\n"
      "[child:vars]\nv=child\nw=child\n");
  BOOST_TEST(Var(inventory, "h1", "v") == "host");
  BOOST_TEST(Var(inventory, "h2", "v") == "child");
  BOOST_TEST(Var(inventory, "h1", "w") == "child");
  BOOST_TEST(Var(inventory, "h1", "x") == "parent");
  BOOST_TEST(Var(inventory, "h1", "y") == "all");
  BOOST_TEST(Var(inventory, "h3", "v") == "all");
}

BOOST_AUTO_TEST_CASE(among_groups_of_one_depth_the_last_name_wins) {
  const Inventory inventory = Read("[a]\nh\n[b]\nh\n[b:vars]\nv=b\n[a:vars]\nv=a\n");
  BOOST_TEST(Var(inventory, "h", "v") == "b");
}

BOOST_AUTO_TEST_CASE(a_later_host_line_adds_and_wins) {
  const Inventory inventory = Read("[a]\nh v=1 w=1\n[b]\nh v=2\n");
  BOOST_TEST(Var(inventory, "h", "v") == "2");
  BOOST_TEST(Var(inventory, "h", "w") == "1");
}

BOOST_AUTO_TEST_CASE(ranges) {
  const Inventory inventory = Read(
      "[a]\ntidb[01:03]\n[b]\nkv-[a:c].x\n[c]\n[1:2]-n[8:12:2]\n[d]\npd[9:11]:2222 k=v\n"
      "[e]\nhost:22\n[f]\nfe80::1\n");
  BOOST_TEST(Names(inventory, "a") == "tidb01 tidb02 tidb03");
  BOOST_TEST(Names(inventory, "b") == "kv-a.x kv-b.x kv-c.x");
  BOOST_TEST(Names(inventory, "c") == "1-n8 1-n10 1-n12 2-n8 2-n10 2-n12");
  BOOST_TEST(Names(inventory, "d") == "pd9 pd10 pd11");
  BOOST_TEST(Var(inventory, "pd10", "ansible_port") == "2222");
  BOOST_TEST(Var(inventory, "pd10", "k") == "v");
  BOOST_TEST(Var(inventory, "host", "ansible_port") == "22");
  BOOST_TEST(Names(inventory, "f") == "fe80::1");
}

BOOST_AUTO_TEST_CASE(line_ends_tabs_and_byte_order_mark) {
  const Inventory inventory = Read(
      "\xEF\xBB\xBF[g]\r\n\th1\tx=1\r\n  h2  \r\n\r\n[g:vars] # all of them\r\nk\t=\t v w \r\n"
      "[last]\r\nh3");
  BOOST_TEST(Names(inventory, "g") == "h1 h2");
  BOOST_TEST(Names(inventory, "last") == "h3");
  BOOST_TEST(Var(inventory, "h1", "x") == "1");
  BOOST_TEST(Var(inventory, "h2", "k") == "v w");
}

BOOST_AUTO_TEST_CASE(references_are_replaced) {
  const Inventory inventory = Read(
      "[g]\nh deploy_dir=/d\n[all:vars]\ndeploy_dir=/all\npump = \"{{ deploy_dir }}/data.pump\"\n"
      "me = {{inventory_hostname}}\nbad = {{ deploy_dir | basename }}\nlost = {{ nowhere }}\n"
      "loop = {{ pool }}\npool = {{ loop }}\nopen = {{ deploy_dir\n");
  BOOST_TEST(Var(inventory, "h", "pump") == "/d/data.pump");
  BOOST_TEST((*inventory.GlobalValue("pump"))->text == "/all/data.pump");
  BOOST_TEST(Var(inventory, "h", "me") == "h");
  BOOST_TEST(Var(inventory, "h", "bad") ==
             "inv.ini:7:7: 'bad' uses an expression that is not a plain {{ name }}: "
             "'{{ deploy_dir | basename }}'; write its value out");
  BOOST_TEST(Var(inventory, "h", "lost") ==
             "inv.ini:8:8: 'lost' refers to 'nowhere', which the inventory does not set; write its "
             "value out");
  BOOST_TEST(Var(inventory, "h", "loop").find("refers to itself") != std::string::npos);
  BOOST_TEST(Var(inventory, "h", "open").find("not a plain") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(each_error_has_its_place_and_words) {
  BOOST_TEST(Failure("[tidb\nh\n") == "inv.ini:1:1: the section '[tidb' has no closing ']'");
  BOOST_TEST(Failure("[]\n") ==
             "inv.ini:1:1: '[]' is no section: expected [group], [group:children] or [group:vars]");
  BOOST_TEST(
      Failure("\n[g:var]\n") ==
      "inv.ini:2:4: '[g:var]': a section is [group], [group:children] or [group:vars]; did you "
      "mean 'vars'?");
  BOOST_TEST(Failure("[g]\nh1 a=1 nonsense\n") ==
             "inv.ini:2:8: expected key=value after host 'h1', found 'nonsense'");
  BOOST_TEST(
      Failure("[g]\nh1 a = 1\n") ==
      "inv.ini:2:4: expected key=value after host 'h1', found 'a'; no space may stand before '=' "
      "here");
  BOOST_TEST(Failure("[g]\n  h1 a=\"open\n") == "inv.ini:2:8: the quote in \"open is not closed");
  BOOST_TEST(
      Failure("[g]\nkey=value\n") ==
      "inv.ini:2:1: 'key=value' stands where a host is expected; variables of a group belong "
      "into [g:vars]");
  BOOST_TEST(Failure("[g]\nh[3:1]\n") ==
             "inv.ini:2:1: the range '[3:1]' of 'h[3:1]' ends before it begins");
  BOOST_TEST(Failure("[g]\nh[1:b]\n") ==
             "inv.ini:2:1: the range '[1:b]' of 'h[1:b]' needs two numbers or two letters");
  BOOST_TEST(Failure("[g]\nh[1]\n") ==
             "inv.ini:2:1: the range '[1]' of 'h[1]' is not [first:last] or [first:last:step]");
  BOOST_TEST(Failure("[g]\nh[1:3\n") ==
             "inv.ini:2:1: the range '[1:3' of 'h[1:3' has no closing ']'");
  BOOST_TEST(Failure("[g]\nh[01:100]\n") ==
             "inv.ini:2:1: the range '[01:100]' of 'h[01:100]' has bounds of different length");
  BOOST_TEST(Failure("[g]\nh[1:9:0]\n") ==
             "inv.ini:2:1: the range '[1:9:0]' of 'h[1:9:0]' has a step that is no number above 0");
  BOOST_TEST(Failure("[g]\nh[1:99999]\n") == "inv.ini:2:1: more than 10,000 hosts");
  BOOST_TEST(Failure("[g]\nh:0\n") == "inv.ini:2:2: '0' is no port in 'h:0'");
  BOOST_TEST(Failure("[g:vars]\nnonsense\n") ==
             "inv.ini:2:1: expected 'key = value' in [g:vars], found 'nonsense'");
  BOOST_TEST(Failure("[g:vars]\nk = \"open\n[g]\nh\n") ==
             "inv.ini:2:5: the quote in \"open is not closed");
  BOOST_TEST(Failure("[tidb_servers]\nh\n[tidb_server:vars]\nk=v\n") ==
             "inv.ini:3:2: no group [tidb_server]; did you mean 'tidb_servers'?");
  BOOST_TEST(Failure("[tidb_servers]\nh1\n[pump_servers:children]\ntidb_servrs\n") ==
             "inv.ini:4:1: no group [tidb_servrs]; did you mean 'tidb_servers'?");
  BOOST_TEST(Failure("[g]\nh1\n[p:children]\nh1\n") == "inv.ini:4:1: no group [h1]; it is a host");
  BOOST_TEST(Failure("[p:children]\na b\n") ==
             "inv.ini:2:1: expected the name of a group in [p:children], found 'a b'");
  BOOST_TEST(Failure("[a:children]\nb\n[b:children]\na\n").find("is a child of itself") !=
             std::string::npos);
  BOOST_TEST(Failure(std::string_view("[g]\nh\0x\n", 8)) ==
             "inv.ini:2:2: a zero byte; this is not a text file");
}

BOOST_AUTO_TEST_CASE(a_missing_group_names_the_nearest) {
  const Inventory inventory = Read("[tidb_server]\nh\n[pump_servers]\n");
  BOOST_TEST(inventory.MissingGroup("tidb_servers").ToString() ==
             "inv.ini: no group [tidb_servers]; did you mean 'tidb_server'?");
  BOOST_TEST(inventory.MissingGroup("pump_servers").ToString() ==
             "inv.ini:3:1: group [pump_servers] has no host");
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace tidegate::engine
