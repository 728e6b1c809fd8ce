fn main() {
    println!("{}", core_of_app::greeting("world"));
}
