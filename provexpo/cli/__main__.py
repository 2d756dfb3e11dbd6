from provexpo.cli import main

main()
