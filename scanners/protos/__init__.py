"""Messages of file formats: `.proto` files of our own, and what their compiler made of them."""
