#include <iostream>
#include <stdexcept>
#include <string>
#include <thread>

// Thrown through two frames of another thread, and caught by its base class.
static void fail(const std::string &why) { throw std::runtime_error(why); }

int main() {
    std::string caught;
    std::thread failing([&caught] {
        try {
            fail("20");
        } catch (const std::exception &error) {
            caught = error.what();
        }
    });
    failing.join();
    std::cout << caught << std::endl;
}
