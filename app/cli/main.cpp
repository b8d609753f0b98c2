#include "app/cli/cli.h"

int main(int argc, char** argv) {
    using namespace hopscope::cli;
    CLI::App app{"Inspector for the graphs of PyTorch's nested compile regions"};
    Action action;
    add_graphs(app, action);
    add_export(app, action);
    CLI11_PARSE(app, argc, argv);
    return action ? action() : kUsage;
}
