"""tdparse reads what tcpdump prints, follows every TCP connection in it, and says in plain words what happened."""
